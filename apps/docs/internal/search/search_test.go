package search_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"magpie.build/apps/docs/internal/search"
)

var entries = []search.Entry{
	{URL: "/guides/scaling/", Title: "Scaling out", Where: "Guides", Kind: "guide", Boost: 20, Text: "Subscribers on many servers are joined by Redis. Publishing is atomic."},
	{URL: "/guides/scaling/#redis", Title: "Run Redis", Where: "Scaling out", Kind: "section", Text: "Set REDIS_URL and start two servers."},
	{URL: "/api/packages/pubsub/", Title: "packages/pubsub", Where: "packages/pubsub", Kind: "package", Boost: 20, Summary: "Package pubsub moves publications."},
	{URL: "/api/packages/pubsub/#Broker", Title: "Broker", Where: "packages/pubsub", Kind: "type", Boost: 10, Summary: "A Broker publishes and subscribes."},
	{URL: "/api/packages/pubsub/#Broker.Publish", Title: "Broker.Publish", Where: "packages/pubsub", Kind: "method"},
	{URL: "/api/apps/server/internal/realtime/#NewHub", Title: "NewHub", Where: "apps/server/internal/realtime", Kind: "function", Summary: "NewHub makes a hub."},
	{URL: "/api/apps/server/internal/realtime/#Hub", Title: "Hub", Where: "apps/server/internal/realtime", Kind: "type", Boost: 10},
	{URL: "/api/apps/server/internal/realtime/#Hub.Publish", Title: "Hub.Publish", Where: "apps/server/internal/realtime", Kind: "method"},
	{URL: "/configuration/#REDIS_URL", Title: "REDIS_URL", Where: "Configuration", Kind: "setting", Summary: "Where Redis is."},
	{URL: "/api/tools/pipeline/#HTTPCache", Title: "HTTPCache", Where: "tools/pipeline", Kind: "type"},
}

func open(t *testing.T, entries []search.Entry) (*search.Index, map[string][]byte) {
	t.Helper()
	files, err := search.Build(entries)
	if err != nil {
		t.Fatal(err)
	}
	memory := fstest.MapFS{}
	for name, content := range files {
		memory[name] = &fstest.MapFile{Data: content}
	}
	index, err := search.Open(memory)
	if err != nil {
		t.Fatal(err)
	}
	return index, files
}

func TestRanking(t *testing.T) {
	index, _ := open(t, entries)
	for query, want := range map[string]string{
		"Hub":                   "Hub NewHub Hub.Publish",
		"newhub":                "NewHub",
		"new hub":               "NewHub",
		"Broker.Publish":        "Broker.Publish",
		"realtime.Hub":          "Hub",
		"realtime.Hub.Publish":  "Hub.Publish",
		"publish":               "Broker.Publish Hub.Publish",
		"publishing":            "Broker.Publish",
		"subscriber":            "Scaling out",
		"redis":                 "Run Redis REDIS_URL",
		"REDIS_URL":             "REDIS_URL",
		"redisUrl":              "REDIS_URL",
		"how to run the redis":  "Run Redis",
		"pubsub":                "packages/pubsub",
		"http":                  "HTTPCache",
		"cache":                 "HTTPCache",
		"scal":                  "Scaling out",
		"broker nothing at all": "Broker",
		"":                      "",
		"the of":                "",
		"x":                     "",
		"zzz":                   "",
	} {
		t.Run(query, func(t *testing.T) {
			hits, err := index.Search(query, 10)
			if err != nil {
				t.Fatal(err)
			}
			var titles []string
			for _, h := range hits {
				titles = append(titles, h.Title)
			}
			if got := strings.Join(titles, " "); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("found %q, want %q first", got, want)
			}
		})
	}
}

func TestAHitShowsItsEntry(t *testing.T) {
	index, _ := open(t, entries)
	hits, err := index.Search("redis_url", 1)
	want := search.Hit{URL: "/configuration/#REDIS_URL", Title: "REDIS_URL", Where: "Configuration", Kind: "setting", Summary: "Where Redis is."}
	if err != nil || len(hits) != 1 || hits[0] != want {
		t.Errorf("found %+v, %v, want %+v alone", hits, err, want)
	}
}

func TestTheSameEntriesMakeTheSameBytes(t *testing.T) {
	_, a := open(t, entries)
	_, b := open(t, entries)
	if !maps.EqualFunc(a, b, bytes.Equal) {
		t.Error("two builds differ")
	}
}

// many returns a large index's entries: n symbols with prose from a vocabulary of some thousand.
func many(n int) []search.Entry {
	all := make([]search.Entry, 0, n)
	for i := range n {
		var text strings.Builder
		for j := range 30 {
			fmt.Fprintf(&text, "word%dx ", (i*31+j*j*7)%3000)
		}
		all = append(all, search.Entry{URL: fmt.Sprintf("/p/%d/", i), Title: fmt.Sprintf("Symbol%dName", i), Where: "packages/p", Kind: "type", Text: text.String()})
	}
	return all
}

func TestAQueryReadsLittleOfALargeIndex(t *testing.T) {
	_, files := open(t, many(5000))
	counting := &countingFS{files: fstest.MapFS{}}
	for name, content := range files {
		counting.files[name] = &fstest.MapFile{Data: content}
	}
	index, err := search.Open(counting)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := index.Search("Symbol4321Name", 10)
	if err != nil || len(hits) == 0 || hits[0].Title != "Symbol4321Name" {
		t.Fatalf("found %v, %v", hits, err)
	}
	if limit := 100 << 10; counting.read > limit {
		t.Errorf("one query read %d bytes of %d files, more than %d", counting.read, len(files), limit)
	}
}

type countingFS struct {
	files fstest.MapFS
	read  int
}

func (c *countingFS) Open(name string) (fs.File, error) { return c.files.Open(name) }

func (c *countingFS) ReadFile(name string) ([]byte, error) {
	content, err := c.files.ReadFile(name)
	c.read += len(content)
	return content, err
}

func TestOpenNamesTheFileThatIsMissing(t *testing.T) {
	if _, err := search.Open(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), search.IndexFile) {
		t.Errorf("error %v, want one that names %s", err, search.IndexFile)
	}
}

func FuzzSearch(f *testing.F) {
	for _, q := range []string{"Hub", "a.b", "ÄÖ", "redis url", strings.Repeat("x ", 300)} {
		f.Add(q)
	}
	files, err := search.Build(entries)
	if err != nil {
		f.Fatal(err)
	}
	memory := fstest.MapFS{}
	for name, content := range files {
		memory[name] = &fstest.MapFile{Data: content}
	}
	index, err := search.Open(memory)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a, err := index.Search(query, 5)
		if err != nil || len(a) > 5 {
			t.Fatalf("%d hits, %v", len(a), err)
		}
		if b, err := index.Search(query, 5); err != nil || !slices.Equal(a, b) {
			t.Errorf("%v, then %v, %v", a, b, err)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	all := many(5000)
	for b.Loop() {
		if _, err := search.Build(all); err != nil {
			b.Fatal(err)
		}
	}
}
