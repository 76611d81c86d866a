package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"magpie.build/tools/bench/internal/report"
)

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

// The real server, small: it starts, delivers everything, and ends.
func TestRealServerIsMeasured(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the server")
	}
	var out strings.Builder
	args := []string{"realtime", "-json", "-idle=50", "-rest=100ms", "-subscribers=20", "-rate=100", "-duration=300ms", "-steps=1"}
	if err := run(t.Context(), args, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	var got report.Report
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.FanOut) != 2 || got.FanOut[0].Any() || got.FanOut[0].Deliveries < 1000 {
		t.Errorf("the server loses or withholds publications: %s", out.String())
	}
	if runtime.GOOS == "linux" && (got.Idle == nil || got.Idle.After == 0 || got.FanOut[0].RSS == 0) {
		t.Errorf("the server's memory is not read: %s", out.String())
	}
}
