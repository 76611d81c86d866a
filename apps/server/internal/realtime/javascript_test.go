package realtime_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/realtime"
)

var javascript = flag.Bool("javascript", false, "test with the public JavaScript client, which takes Node and npm: npm installs it")

// TestTheJavaScriptClientFindsAllThatItCanDo runs testdata/javascript/talk.mjs over each transport and
// form of the protocol.
func TestTheJavaScriptClientFindsAllThatItCanDo(t *testing.T) {
	if !*javascript {
		t.Skip("the public JavaScript client is tested with -javascript alone, as it takes Node and npm: mage apps/server test-javascript")
	}
	dir := installJavaScript(t)
	for _, way := range []struct{ transport, protocol string }{
		{"websocket", "json"},
		{"websocket", "protobuf"},
		{"http_stream", "json"},
		{"http_stream", "protobuf"},
		{"sse", "json"}, // events are text: there is no other form
	} {
		t.Run(way.transport+" "+way.protocol, func(t *testing.T) {
			t.Parallel()
			s := serve(t, realtime.Options{})
			command := exec.CommandContext(t.Context(), "node", "talk.mjs", s.url, way.transport, way.protocol)
			command.Dir = dir
			output, err := command.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, output)
			}
			if n := strings.Count("\n"+string(output), "\nok "); n == 0 {
				t.Errorf("nothing was tested:\n%s", output)
			}
		})
	}
}

// installJavaScript returns a folder with the script and the client.
func installJavaScript(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "javascript"))); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if output, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
	return dir
}
