package web_test

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestPagesLookAsTheirGoldens(t *testing.T) {
	s := newSite(t)
	check(t, "sign-in", s.get("/sign-in?next=/rooms/general"))
	check(t, "sign-in-problem", s.post("/sign-in", url.Values{"name": {"a\u202eb"}}))
	ada := s.signIn("Ada")
	check(t, "rooms", s.get("/rooms"))
	check(t, "rooms-problem", s.post("/rooms", url.Values{"name": {"???"}}))
	check(t, "room-empty", s.get("/rooms/random"))
	s.send(ada, "c1", "Hello\nthere, see https://example.com/")
	s.send(ada, "c2", "<b>not bold</b>")
	check(t, "room", s.get("/rooms/general"))
	check(t, "room-past", s.get("/rooms/general?before=2"))
	check(t, "room-problem", s.post("/rooms/general/messages", url.Values{"cid": {"c3"}, "text": {"bell\a"}}))
	check(t, "part-messages", s.get("/rooms/general/messages?before=2"))
	check(t, "part-people", s.get("/rooms/general/people"))
	check(t, "not-found", s.get("/nowhere"))
	check(t, "no-room", s.get("/rooms/nowhere"))
}

// check compares a page with its golden file: all of the first page, and the main part of the others,
// as all have the same frame.
func check(t *testing.T, name string, page reply) {
	t.Helper()
	document := parse(t, page.body)
	for element := range elements(document) {
		if element.Data == "main" && name != "sign-in" {
			document = element
			break
		}
	}
	got := page.Status + "\n" + steady(indented(document))
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: go test -update writes it", err)
	}
	if got != string(want) {
		t.Errorf("%s is not as %s has it; go test -update rewrites it. Got:\n%s", name, path, got)
	}
}

// changing is what differs from run to run, with what stands for it.
var changing = []struct {
	pattern *regexp.Regexp
	stand   string
}{
	{regexp.MustCompile(`(/assets/[\w-]+)\.[0-9a-f]{10}\.`), "$1.HASH."},
	{regexp.MustCompile(`data-(user|author)="[A-Z2-7]{26}"`), `data-$1="USER"`},
	{regexp.MustCompile(`data-hue="\d+"`), `data-hue="N"`},
	{regexp.MustCompile(`data-epoch="\w+"`), `data-epoch="EPOCH"`},
	{regexp.MustCompile(`(id="message-|data-id=")[a-z2-7]{24}"`), `${1}ID"`},
	{regexp.MustCompile(`name="cid" type="hidden" value="\w+"`), `name="cid" type="hidden" value="CID"`},
	{regexp.MustCompile(`datetime="[^"]+"`), `datetime="TIME"`},
	{regexp.MustCompile(`(?m)^(\s+)\d\d:\d\d$`), `${1}15:04`},
}

func steady(page string) string {
	for _, c := range changing {
		page = c.pattern.ReplaceAllString(page, c.stand)
	}
	return page
}
