package report

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magpie.build/tools/bench/internal/timing"
)

// Comparison is one workspace: what several runners took for the same things, run in turns.
type Comparison struct {
	// Workspace says how large it is: "10 modules of 20 files".
	Workspace string     `json:"workspace"`
	Scenarios []Scenario `json:"scenarios"`
}

// Scenario is what had happened before each run, and what each runner took.
type Scenario struct {
	Name  string         `json:"name"`
	Times []timing.Times `json:"times"`
}

// The runners that a ratio is given of: ours, and the first of the others that there is.
const (
	own     = "magpie"
	rival   = "turbo"
	rivalG  = "turbo, Go mode"
	goBuild = "go build work"
)

// times returns what a runner took, nil where it was not measured.
func (s Scenario) times(runner string) *timing.Times {
	i := slices.IndexFunc(s.Times, func(t timing.Times) bool { return t.Name == runner })
	if i < 0 {
		return nil
	}
	return &s.Times[i]
}

// ratio says how much of the other's time ours took, in medians.
func (s Scenario) ratio() string {
	a, b := s.times(own), cmp.Or(s.times(rival), s.times(rivalG), s.times(goBuild))
	if a == nil || b == nil {
		return "–"
	}
	if a.Median() > b.Median() {
		return fmt.Sprintf("%.2f", float64(a.Median())/float64(b.Median()))
	}
	return fmt.Sprintf("1/%.1f", float64(b.Median())/float64(a.Median()))
}

// warm returns what the runners took where nothing had changed, turbo's Go mode and the go command with them.
func (c Comparison) warm() []timing.Times {
	var all []timing.Times
	for i, s := range c.Scenarios {
		if !strings.HasSuffix(s.Name, "nothing changed") {
			continue
		}
		for _, t := range s.Times {
			if i == 0 || t.Name != own {
				all = append(all, t)
			}
		}
	}
	return all
}

// ways are the runners that are ours, started in other ways. They have a table of their own.
var ways = []string{own, "magefile", "mage", "go tool mage"}

// tables returns what is to be compared with one rival each, so that no table is wider than a page, and what it costs to start us.
func (c Comparison) tables() []table {
	var plain, built []Scenario
	for _, s := range c.Scenarios {
		if s.times(rivalG) != nil || s.times(goBuild) != nil {
			built = append(built, s)
		} else {
			plain = append(plain, s)
		}
	}
	var tables []table
	if len(plain) > 0 {
		tables = append(tables, against(c.Workspace+", medians in ms", plain))
	}
	if len(built) > 0 {
		tables = append(tables, against(c.Workspace+", Go builds, medians in ms", built))
	}
	if len(plain) > 0 && plain[0].times(ways[1]) != nil {
		t := table{title: c.Workspace + ", started in other ways", head: []string{"nothing changed", "median ms", "most memory, MiB"}}
		for _, way := range ways {
			if m := plain[0].times(way); m != nil {
				t.rows = append(t.rows, []string{way, ms(m.Median()), memory(m)})
			}
		}
		tables = append(tables, t)
	}
	return tables
}

// against shows ours first, then the rival and how much of its time ours took, then the others.
func against(title string, scenarios []Scenario) table {
	var runners []string
	for _, s := range scenarios {
		for _, t := range s.Times {
			if !slices.Contains(runners, t.Name) && (t.Name == own || !slices.Contains(ways, t.Name)) {
				runners = append(runners, t.Name)
			}
		}
	}
	t := table{title: title, head: append([]string{"before the run"}, runners...)}
	t.head = append(t.head, "ours to the rival's")
	for _, s := range scenarios {
		row := []string{s.Name}
		for _, runner := range runners {
			cell := "–"
			if m := s.times(runner); m != nil {
				cell = ms(m.Median())
			}
			row = append(row, cell)
		}
		t.rows = append(t.rows, append(row, s.ratio()))
	}
	if len(scenarios) > 0 {
		row := []string{"most memory, MiB"}
		for _, runner := range runners {
			row = append(row, memory(scenarios[0].times(runner)))
		}
		t.rows = append(t.rows, append(row, "–"))
	}
	return t
}

// memory returns the peak in MiB, where it is known.
func memory(t *timing.Times) string {
	if t == nil || t.Peak() == 0 {
		return "–"
	}
	return mib(t.Peak())
}

// introduction is how the page of the comparison begins.
const introduction = `# Benchmarks

The same tasks in the same generated workspaces, by Magpie, by [Turborepo](https://turborepo.dev) (its own program, without the Node script around it, which takes another 300 ms), by Turborepo's experimental Go mode, by [go-task](https://taskfile.dev) and by the go command. Whole processes, in turns, so that what else the machine does meets all alike. Each workspace is a git repository whose modules depend on one another, six deep; the task copies one file, and is the same command for all. In Go builds the programs are built for real; with nothing built yet, the go command's own cache holds no more than the standard library. The modules of generated workspaces take less to compile than the go command takes to start, so the builds of public modules say more about real ones.

The pipeline is required by its version, like any module from elsewhere. Where a workspace holds a copy of it, as Magpie's own does, each run looks at its files, too, which takes another two milliseconds.

The rival is turbo; in Go builds turbo's Go mode and, where that was not measured, the go command. 1/3.0 is a third of its time.

Times of other machines and moments do not compare: look at the ratios, and repeat them with ` + "`go run ./tools/bench compare`" + `.

*magpie* is the launcher, *magefile* the compiled magefile, *mage* and *go tool mage* the same through mage. The picture's scale is logarithmic: a tenth of the time is the same step everywhere.

![How long a run takes in which nothing changed](images/benchmarks.svg)
`

// WriteGuide writes the comparisons to a folder of guides: benchmarks.md, and a picture below images.
func (r Report) WriteGuide(dir string) error {
	var b strings.Builder
	b.WriteString(introduction)
	fmt.Fprintf(&b, "\nMeasured on %s.\n", r.Machine)
	for _, c := range r.Comparisons {
		for _, t := range c.tables() {
			fmt.Fprintf(&b, "\n## %s\n\n", t.title)
			t.lines(&b, "| ", " | ", " |")
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "images"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "images", "benchmarks.svg"), []byte(runnersPlot(r.Comparisons)), 0o644)
}

// runnersPlot draws the first scenario of each workspace that all runners know.
func runnersPlot(comparisons []Comparison) string {
	var charts []chart
	for _, c := range comparisons {
		if len(c.Scenarios) == 0 || c.Scenarios[0].times(rival) == nil {
			continue
		}
		one := chart{title: c.Workspace}
		for _, t := range c.warm() {
			one.bars = append(one.bars, bar{t.Name, float64(t.Median()) / 1e6, ms(t.Median()) + " ms", t.Name == own})
		}
		charts = append(charts, one)
	}
	return plot("How long a run takes in which nothing changed, in milliseconds, on a logarithmic scale", logarithmic, charts...)
}
