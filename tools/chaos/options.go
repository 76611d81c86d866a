package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/chaos/internal/deploy"
	"magpie.build/tools/chaos/internal/laws"
	"magpie.build/tools/chaos/internal/nemesis"
)

// options are which runs to do.
type options struct {
	system     string
	program    string
	topologies string
	nemeses    string
	length     time.Duration
	total      time.Duration
	seed       uint64
	servers    int
	atOnce     int
	pace       time.Duration
	dir        string
	markdown   bool
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.system, "system", "magpie", "whose server: magpie or centrifugo")
	flags.StringVar(&o.program, "server", "", "the server's program; by default it is built")
	flags.StringVar(&o.topologies, "topology", "all", "memory, standalone, sentinel, cluster, several with commas, or all")
	flags.StringVar(&o.nemeses, "nemesis", "all", "what goes wrong, several with commas, or all: see chaos list")
	flags.DurationVar(&o.length, "for", 0, "how long each run goes on; by default all runs share half an hour")
	flags.Uint64Var(&o.seed, "seed", 0, "repeats the schedule of a run; by default a new one")
	flags.IntVar(&o.servers, "servers", 3, "how many servers share a Redis")
	flags.IntVar(&o.atOnce, "at-once", 1, "how many runs go on at once; most of a run is waiting")
	flags.DurationVar(&o.pace, "pace", 100*time.Millisecond, "how long after one message each of the four publishers sends the next")
	flags.StringVar(&o.dir, "dir", "", "where runs are kept; by default a new temporary folder")
	flags.BoolVar(&o.markdown, "markdown", false, "print the verdicts as a table for the documentation")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no command: there are check and list, or flags alone", flags.Arg(0))
	}
	if o.atOnce < 1 {
		return o, fmt.Errorf("-at-once is %d, and must be 1 or more", o.atOnce)
	}
	if o.seed == 0 {
		var b [4]byte
		if _, err := rand.Read(b[:]); err != nil {
			return o, err
		}
		o.seed = uint64(binary.BigEndian.Uint32(b[:]))
	}
	o.total = 30 * time.Minute
	return o, nil
}

// run does all runs and prints their verdicts.
func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "chaos-")
		if err != nil {
			return err
		}
		o.dir = dir
	}
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return err
	}
	o.dir = dir
	if o.program != "" {
		if o.program, err = filepath.Abs(o.program); err != nil {
			return err
		}
	}
	system, err := o.build(ctx, stderr)
	if err != nil {
		return err
	}
	trials, err := o.trials(system, stderr)
	if err != nil {
		return err
	}
	verdicts, err := runAll(ctx, trials, o.atOnce, stdout)
	if o.markdown {
		say(stdout, "%s", table(verdicts))
	}
	if slices.ContainsFunc(verdicts, func(v laws.Verdict) bool { return !v.Good() }) {
		return errors.Join(errBroken, err)
	}
	return err
}

// trials are the runs that the options name.
func (o options) trials(system deploy.System, stderr io.Writer) ([]trial, error) {
	var trials []trial
	for _, topology := range deploy.Topologies {
		if o.topologies != "all" && !slices.Contains(strings.Split(o.topologies, ","), string(topology)) {
			continue
		}
		names := nemesis.Names(topology)
		if o.nemeses != "all" {
			names = slices.DeleteFunc(strings.Split(o.nemeses, ","), func(name string) bool { return !slices.Contains(names, name) })
		}
		for _, name := range names {
			trials = append(trials, trial{
				system: system, topology: topology, nemesis: name, seed: o.seed, length: o.length, servers: o.servers, pace: o.pace,
				dir: filepath.Join(o.dir, fmt.Sprintf("%s-%s-%s-%d", system.Name(), topology, name, o.seed)), progress: stderr,
			})
		}
	}
	if len(trials) == 0 {
		return nil, fmt.Errorf("no topology of %q has a nemesis of %q: see chaos list", o.topologies, o.nemeses)
	}
	for i := range trials {
		if trials[i].length == 0 {
			trials[i].length = max(10*time.Second, o.total*time.Duration(o.atOnce)/time.Duration(len(trials))-besides)
		}
	}
	return trials, nil
}

// besides is about what a run takes before and after the nemesis.
const besides = 5 * time.Second

// CentrifugoVersion is the one that is tortured for comparison, and that tools/bench measures.
const CentrifugoVersion = "v6.9.1"

// build returns the system, with its program built unless there is one.
func (o options) build(ctx context.Context, stderr io.Writer) (deploy.System, error) {
	var err error
	switch o.system {
	case "magpie":
		if o.program == "" {
			o.program, err = buildServer(ctx, o.dir)
		}
		return deploy.Magpie{Program: o.program}, err
	case "centrifugo":
		if o.program == "" {
			say(stderr, "installing Centrifugo %s\n", CentrifugoVersion)
			o.program, err = installCentrifugo(ctx)
		}
		return deploy.Centrifugo{Program: o.program}, err
	default:
		return nil, fmt.Errorf("no system %q: there are magpie and centrifugo", o.system)
	}
}

// buildServer builds apps/server of this workspace into a folder.
func buildServer(ctx context.Context, dir string, flags ...string) (string, error) {
	root, err := workspaceRoot()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(dir, executable("server"))
	args := append([]string{"build", "-buildvcs=false", "-o", program}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	cmd.Dir = filepath.Join(root, "apps", "server")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build apps/server: %w\n%s", err, out)
	}
	return program, nil
}

// installCentrifugo has the go command build it, outside of this workspace and once for all runs.
func installCentrifugo(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "magpie-bench", "centrifugo-"+CentrifugoVersion) // where tools/bench has it, too
	program := filepath.Join(dir, executable("centrifugo"))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "install", "github.com/centrifugal/centrifugo/v6@"+CentrifugoVersion)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install Centrifugo: %w\n%s", err, out)
	}
	return program, nil
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// workspaceRoot returns the nearest folder with a go.work, from here upwards.
func workspaceRoot() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.work here or above; run this inside the workspace")
		}
	}
}

// list names the nemeses of each topology.
func list(w io.Writer) {
	for _, topology := range deploy.Topologies {
		say(w, "%s: %s\n", topology, strings.Join(nemesis.Names(topology), ", "))
	}
	say(w, "\n")
	for _, f := range deploy.Faults {
		say(w, "  %-20s %s\n", f.Name, f.Help)
	}
}

// say writes to a stream that may be closed: what happens counts, not who hears of it.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
