package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie.build/tools/chaos/internal/deploy"
	"magpie.build/tools/chaos/internal/nemesis"
)

// server is the server of this workspace, built once for all tests.
func server(t *testing.T) deploy.System {
	t.Helper()
	program, err := built(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return deploy.Magpie{Program: program}
}

// need fails where a program is missing; -short leaves such tests out.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: -short leaves out what needs real servers")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: install it, or leave these tests out by -short", err)
		}
	}
}

// programs are what a topology needs beside the server.
func programs(t deploy.Topology) []string {
	if t == deploy.Memory {
		return nil
	}
	return []string{"redis-server"}
}

// What is measured and what is tortured are one Centrifugo.
func TestCentrifugoIsTheOneOfTheBenchmarks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../bench/internal/peers/realtime.go")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("CentrifugoVersion = %q", CentrifugoVersion); !strings.Contains(string(text), want) {
		t.Errorf("tools/bench has another Centrifugo than %s", CentrifugoVersion)
	}
}

// shortForm is how long each of the runs takes that every test run does. The long form is go tool mage chaos.
const shortForm = 10 * time.Second

// shortSeed chooses what goes wrong in the short form.
const shortSeed = 7

// pace is that of people in a hurry.
const pace = 100 * time.Millisecond

// The mix of all nemeses, for a moment, and the same each time: new seeds are for the long forms.
func TestNothingIsLostWithoutAWord(t *testing.T) {
	t.Parallel()
	for _, topology := range []deploy.Topology{deploy.Memory, deploy.Standalone} {
		t.Run(string(topology), func(t *testing.T) {
			t.Parallel()
			need(t, programs(topology)...)
			var progress bytes.Buffer
			v, err := trial{
				system: server(t), topology: topology, nemesis: nemesis.Mix, seed: shortSeed, length: shortForm, servers: 2, pace: pace,
				dir: filepath.Join(t.TempDir(), "run"), progress: &progress,
			}.run(t.Context())
			if err != nil || !v.Good() {
				t.Fatalf("%v\n%s", err, &progress)
			}
			if v.Acknowledged == 0 || v.Shown == 0 || v.Faults == 0 {
				t.Errorf("the run proves nothing: %s", v)
			}
			t.Log(v)
		})
	}
}

func TestListNamesEveryNemesis(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"list"}, &out, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"memory: none", "cluster: none", "failover", "migrate-slots", "DEBUG SLEEP"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, &out)
		}
	}
}

func TestMistakesInArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"check", "check needs the folder of a run"},
		{"check nowhere", "nowhere"},
		{"jiggle", `"jiggle" is no command`},
		{"-at-once 0", "must be 1 or more"},
		{"-system sockets", `no system "sockets"`},
		{"-server x -topology memory -nemesis failover", "no topology of"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), strings.Fields(c.args), &out, &out)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("chaos %s: %v, want %q", c.args, err, c.want)
		}
	}
}

// A trial that cannot be carried out is named, and the others are carried out nevertheless.
func TestATrialThatCannotBeCarriedOutIsNamed(t *testing.T) {
	t.Parallel()
	var trials []trial
	for seed := range uint64(5) {
		trials = append(trials, trial{system: deploy.Magpie{}, nemesis: "jiggle", topology: deploy.Memory, seed: seed})
	}
	var out bytes.Buffer
	verdicts, err := runAll(t.Context(), trials, 2, &out)
	if len(verdicts) > 0 || err == nil || strings.Count(err.Error(), `no nemesis "jiggle"`) != len(trials) {
		t.Errorf("they end with %d verdicts and %v", len(verdicts), err)
	}
	for seed := range trials {
		if want := fmt.Sprintf("magpie, memory, jiggle, seed %d: not carried out: no nemesis", seed); !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, &out)
		}
	}
}
