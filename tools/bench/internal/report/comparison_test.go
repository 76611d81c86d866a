package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/bench/internal/report"
	"magpie.build/tools/bench/internal/timing"
)

func compared() report.Report {
	took := func(name string, millis ...int) timing.Times {
		t := timing.Times{Name: name, Memory: []int64{12 << 20}}
		for _, m := range millis {
			t.Wall = append(t.Wall, time.Duration(m)*time.Millisecond)
		}
		return t
	}
	return report.Report{Comparisons: []report.Comparison{{
		Workspace: "10 modules of 20 files",
		Scenarios: []report.Scenario{
			{Name: "nothing changed", Times: []timing.Times{took("magpie", 4, 5, 6), took("magefile", 4), took("turbo", 20, 20, 90)}},
			{Name: "Go build, nothing changed", Times: []timing.Times{took("magpie", 6), took("turbo, Go mode", 300)}},
			{Name: "Go build, nothing built yet", Times: []timing.Times{took("magpie", 600), took("go build work", 400)}},
			{Name: "an app edited", Times: []timing.Times{took("magpie", 7), took("go-task", 70)}},
		},
	}}}
}

func TestComparisonShowsMediansAndRatios(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := compared().Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"### 10 modules of 20 files, medians in ms",
		"| nothing changed  |    5.0 |  20.0 |       – |               1/4.0 |",
		"| an app edited    |    7.0 |     – |    70.0 |                   – |",
		"| most memory, MiB |   12.0 |  12.0 |       – |                   – |",
		"### 10 modules of 20 files, Go builds, medians in ms",
		"| Go build, nothing changed   |    6.0 |          300.0 |             – |              1/50.0 |",
		"| Go build, nothing built yet |  600.0 |              – |         400.0 |                1.50 |",
		"### 10 modules of 20 files, started in other ways",
		"| magefile        |       4.0 |             12.0 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
}

func TestGuideIsAPageAndAPicture(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := compared().WriteGuide(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "benchmarks.md"))
	if err != nil || !strings.HasPrefix(string(page), "# Benchmarks\n") || !strings.Contains(string(page), "(images/benchmarks.svg)") {
		t.Errorf("page %s, %v", page, err)
	}
	picture, err := os.ReadFile(filepath.Join(dir, "images", "benchmarks.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(strings.NewReader(string(picture))); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{">turbo<", ">turbo, Go mode<", ">300.0 ms<"} {
		if !strings.Contains(string(picture), want) {
			t.Errorf("%q is not in the picture", want)
		}
	}
	if strings.Count(string(picture), ">magpie<") != 1 {
		t.Error("magpie should have one bar")
	}
}
