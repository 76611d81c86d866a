package ui_test

import (
	"io/fs"
	"os/exec"
	"testing"

	"magpie.build/packages/ui"
	"magpie.build/packages/ui/bundle"
)

func TestGeneratedTemplatesAreFresh(t *testing.T) {
	runTempl(t, "generate", "-check")
}

// A command that does not exist stands for prettier, which would otherwise be used where it happens to be installed, and format differently.
func TestTemplatesAreFormatted(t *testing.T) {
	runTempl(t, "fmt", "-fail", "-prettier-command=no-prettier", ".")
}

func TestBundlesAreFresh(t *testing.T) {
	err := bundle.Check(bundle.Options{Entries: []string{"styles/ui.css", "client/ui.ts", "client/theme.ts"}, Out: "dist"})
	if err != nil {
		t.Errorf("%v\nrun go generate in packages/ui", err)
	}
}

func TestBundlesStaySmall(t *testing.T) {
	budgets := map[string]int64{"ui.css": 28 << 10, "ui.js": 2 << 10, "theme.js": 256}
	for name, budget := range budgets {
		info, err := fs.Stat(ui.Dist(), name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > budget {
			t.Errorf("%s has %d bytes, the budget is %d: a page waits for it", name, info.Size(), budget)
		}
	}
}

func runTempl(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"tool", "templ"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go tool templ %v: %v\n%s\nrun go generate in packages/ui", args, err, out)
	}
}
