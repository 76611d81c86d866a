package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"

	"magpie.build/tools/bench/internal/report"
)

// A crowd is held by this program, started by itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "hold" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestMistakesAreNamed(t *testing.T) {
	for want, args := range map[string][]string{
		`nothing called "biuld"`:    {"biuld"},
		`cannot measure ["more"]`:   {"build", "more"},
		"flag provided but not def": {"-nothing"},
		"in 0 runs":                 {"-runs=0"},
	} {
		if err := run(t.Context(), args, t.Output(), t.Output()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}

// Real servers, small: they start, deliver everything, and end. The peers that have to be downloaded stay out.
func TestRealServersAreMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	var out strings.Builder
	args := []string{"realtime", "-json", "-servers=magpie,naive", "-rooms=5", "-crowd=20", "-storm=30", "-idle=50", "-rest=100ms", "-subscribers=20", "-rate=100", "-duration=300ms", "-steps=1"}
	if err := run(t.Context(), args, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	var got report.Report
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Notes) > 0 {
		t.Logf("not measured: %q", got.Notes)
	}
	seen := map[string]bool{}
	for _, row := range got.Realtime {
		seen[row.Server+" "+row.Bout] = true
		if m := row.Measured; m != nil && (m.Any() || m.Deliveries < 100) {
			t.Errorf("%s: %s loses or withholds publications: %+v", row.Bout, row.Server, *m)
		}
		if s := row.Storm; s != nil && (s.Faults.Any() || s.Unrecovered > 0) {
			t.Errorf("%s does not get everything through a storm: %+v", row.Server, *s)
		}
		if c := row.Crowd; c != nil && (c.Dropped > 0 || len(c.Steps) != 4) {
			t.Errorf("%s does not hold a crowd: %+v", row.Server, *c)
		}
		if r := row.Recovery; r != nil && r.Incomplete > 0 {
			t.Errorf("%s does not recover: %+v", row.Server, *r)
		}
		if i := row.Idle; i != nil && runtime.GOOS == "linux" && i.After == 0 {
			t.Errorf("the memory of %s is not read", row.Server)
		}
	}
	for _, want := range []string{"magpie room", "magpie room-highest", "magpie rooms", "naive room"} {
		if !seen[want] {
			t.Errorf("no row of %s in %s", want, out.String())
		}
	}
}
