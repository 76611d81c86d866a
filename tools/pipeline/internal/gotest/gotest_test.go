package gotest_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/gotest"
)

const events = `{"Action":"start","Package":"example.com/a"}
{"Action":"run","Package":"example.com/a","Test":"TestA"}
{"Action":"output","Package":"example.com/a","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"example.com/a","Test":"TestA","Output":"talk\n"}
{"Action":"output","Package":"example.com/a","Test":"TestA","Output":"--- PASS: TestA (0.00s)\n"}
{"Action":"pass","Package":"example.com/a","Test":"TestA"}
{"Action":"output","Package":"example.com/a","Output":"PASS\n"}
{"Action":"output","Package":"example.com/a","Output":"ok  \texample.com/a\t0.002s\n"}
{"Action":"pass","Package":"example.com/a"}
{"ImportPath":"example.com/c","Action":"build-output","Output":"c/c.go:3:1: syntax error\n"}
{"Action":"output","Package":"example.com/b","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"example.com/b","Test":"TestB","Output":"    b_test.go:6: no\n"}
{"Action":"output","Package":"example.com/b","Test":"TestB","Output":"--- FAIL: TestB (0.00s)\n"}
{"Action":"fail","Package":"example.com/b","Test":"TestB"}
{"Action":"output","Package":"example.com/b","Output":"FAIL\n"}
{"Action":"fail","Package":"example.com/b"}
go: a word from the go command
`

func TestPackagesSayWhatTheyWouldHaveSaid(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := gotest.NewSplitter(&out, false)
	for chunk := range slices.Chunk([]byte(events), 7) {
		if _, err := s.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	const want = "ok  \texample.com/a\t0.002s\nc/c.go:3:1: syntax error\n    b_test.go:6: no\n--- FAIL: TestB (0.00s)\nFAIL\ngo: a word from the go command\n"
	if out.String() != want {
		t.Errorf("said\n%s\nwant\n%s", &out, want)
	}
	results := s.Results()
	if len(results) != 2 || !results[0].Passed || results[1].Passed || results[1].Package != "example.com/b" {
		t.Errorf("results = %+v", results)
	}
}

func TestVerbosePackagesSayAll(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := gotest.NewSplitter(&out, true)
	if _, err := s.Write([]byte(events)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "=== RUN   TestA\ntalk\n--- PASS") {
		t.Errorf("said\n%s", &out)
	}
}

func TestLogIsReadAsTheProgramWroteIt(t *testing.T) {
	t.Parallel()
	got, ok := gotest.ParseLog("/w/a", "# test log\ngetenv HOME\nopen testdata/x\nchdir /w/b\nstat ../c\nopen /w/a/testdata/x\n")
	want := []gotest.Read{{"getenv", "HOME"}, {"open", "/w/a/testdata/x"}, {"stat", "/w/c"}}
	if !ok || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, ok)
	}
	for _, text := range []string{"", "open x\n", "# test log\nopen x", "# test log\nguess x\n", "# test log\nopen\n"} {
		if _, ok := gotest.ParseLog("/", text); ok {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestProfilesAreMerged(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{"set": "mode: set\na.go:1 1 1\na.go:2 1 0\nb.go:1 1 1\n", "atomic": "mode: atomic\na.go:1 1 2\na.go:2 1 0\nb.go:1 1 1\n"} {
		one := "mode: " + mode + "\na.go:1 1 1\na.go:2 1 0\n"
		two := "mode: " + mode + "\nb.go:1 1 1\na.go:1 1 1\n"
		got, err := gotest.Merge([][]byte{[]byte(one), nil, []byte(two)})
		if err != nil || string(got) != want {
			t.Errorf("%s: got\n%s%v", mode, got, err)
		}
	}
	if _, err := gotest.Merge([][]byte{[]byte("mode: set\n"), []byte("mode: count\n")}); err == nil {
		t.Error("two modes were merged")
	}
}

func TestCommandForSomePackages(t *testing.T) {
	t.Parallel()
	c, err := gotest.Parse([]string{"go", "test", "-race", "-coverprofile", "c.out", "./...", "-timeout=1m", "-args", "./..."}, []string{"./..."})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.For("sh x", "./a", "./b"), " ")
	if want := "go test -json -exec=sh x -race -coverprofile c.out ./a ./b -timeout=1m -args ./..."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if file, ok := c.Flag("coverprofile"); file != "c.out" || !ok {
		t.Errorf("profile = %q", file)
	}
	if _, ok := c.Flag("v"); ok {
		t.Error("there is no -v")
	}
	for _, line := range []string{"go build ./...", "go test", "go test -json ./...", "go test -exec=x ./...", "gotestsum ./..."} {
		if _, err := gotest.Parse(strings.Fields(line), []string{"./..."}); err == nil {
			t.Errorf("%s was taken", line)
		}
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add("# test log\ngetenv HOME\nopen testdata/x\nchdir /w/b\nstat ../c\n")
	f.Fuzz(func(t *testing.T, text string) {
		reads, _ := gotest.ParseLog("/w", text)
		for _, r := range reads {
			if r.Kind != "getenv" && !strings.HasPrefix(r.Name, "/") {
				t.Errorf("%q was read from %q", r, text)
			}
		}
	})
}
