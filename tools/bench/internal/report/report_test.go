package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/bench/internal/load"
	"magpie.build/tools/bench/internal/report"
	"magpie.build/tools/bench/internal/timing"
)

func measured() report.Report {
	return report.Report{
		Machine: report.Machine{Date: "2026-11-25", System: "linux/amd64", CPU: "a processor", Cores: 2, Go: "go1.26", Pinned: true},
		Builds: []report.Build{{
			Workspace: "synthetic", Modules: 3, Files: 30,
			Times: []timing.Times{
				{Name: "stat", Wall: []time.Duration{time.Millisecond}},
				{Name: "build", Wall: []time.Duration{1e6, 2e6, 9e6}, CPU: []time.Duration{3e6, 3e6, 4e6}, Says: "3 tasks: 3 cached"},
			},
		}},
		Realtime: []report.RealtimeRow{
			{
				Bout: "idle", Title: "Idle connections", Server: "magpie",
				Idle: &load.Idle{Connections: 10, Before: 1 << 20, After: 1<<20 + 10*16<<10, CPU: 0.01},
			},
			{
				Bout: "room", Title: "Fan-out", Server: "magpie",
				Measured: &load.Measured{Rate: 50, Deliveries: 50_000, P50: 5e6, P99: 11e6, Max: 12e6, CPU: 8500, Faults: load.Faults{Lost: 7}},
			},
			{Bout: "room", Title: "Fan-out", Server: "another", Measured: &load.Measured{Rate: 50, Deliveries: 50_000, CPU: 17_000, Notes: []string{"too slow"}}},
		},
		Notes: []string{"the moon"},
	}
}

func TestTextIsAligned(t *testing.T) {
	var b strings.Builder
	if err := measured().Text(&b); err != nil {
		t.Fatal(err)
	}
	want := `linux/amd64, 2 cores of a processor, go1.26, 2026-11-25, server and load pinned to a core each

Warm build, synthetic: 3 modules, 30 files

  whole process  min ms  median ms  max ms  CPU ms  runs
  -------------  ------  ---------  ------  ------  ----
  stat              1.0        1.0     1.0       –     1
  build             1.0        2.0     9.0     3.0     3
  build says: 3 tasks: 3 cached

Idle connections

  server  connections  KiB each  server MiB before  server MiB after  CPU at rest
  ------  -----------  --------  -----------------  ----------------  -----------
  magpie           10      16.0                1.0               1.2       1.00 %

Fan-out

  server   published/s  deliveries/s  CPU µs each  p50 ms  p99 ms  max ms  lost, doubled, reordered
  -------  -----------  ------------  -----------  ------  ------  ------  ------------------------
  magpie            50         50000         8.50    5.00   11.00    12.0                   7, 0, 0
  another           50         50000        17.00    0.00    0.00     0.0                   0, 0, 0
  another: too slow

not measured: the moon
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestMarkdownIsTables(t *testing.T) {
	var b strings.Builder
	if err := measured().Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Measured on linux/amd64, 2 cores", "### Idle connections", "| whole process | min ms |", "| ------------- | -----: |", "| build         |    1.0 |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestJSONKeepsNumbers(t *testing.T) {
	var b strings.Builder
	if err := measured().JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got report.Report
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil || got.Realtime[1].Measured.Lost != 7 || got.Builds[0].Times[1].Wall[2] != 9e6 {
		t.Errorf("got %+v, %v", got, err)
	}
}
