// Command bench measures the pipeline and the chat server of this workspace, and prints what it found.
//
//	go run ./tools/bench            everything, in half an hour
//	go run ./tools/bench build      the pipeline: warm builds beside the go command's
//	go run ./tools/bench realtime   the server beside Centrifugo, Socket.IO and a naive one: deliveries, memory, recovery
//	go run ./tools/bench compare    the pipeline beside turbo, go-task and the go command, in a quarter of an hour
//
// Figures of different machines and moments do not compare. Measure what you compare in one run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"magpie.build/tools/bench/internal/load"
	"magpie.build/tools/bench/internal/peers"
	"magpie.build/tools/bench/internal/report"
	"magpie.build/tools/bench/internal/synthetic"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what to measure. Their defaults take some minutes on two cores.
type options struct {
	runs     int
	shape    synthetic.Shape
	sizes    string
	turbo    string
	goTask   string
	servers  string
	only     string
	rooms    int
	crowd    int
	storm    int
	record   string
	write    string
	idle     int
	rest     time.Duration
	fanOut   load.FanOut
	json     bool
	markdown bool
	progress io.Writer
}

// run does what the arguments say. The report goes to stdout, progress to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := options{shape: synthetic.Shape{Depth: 6, Deps: 3, Seed: 1}, progress: stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.runs, "runs", 11, "how often each command runs")
	flags.IntVar(&o.shape.Modules, "modules", 100, "modules of the synthetic workspace; 0 leaves it out")
	flags.IntVar(&o.shape.Files, "files", 50, "files of each module")
	flags.StringVar(&o.sizes, "sizes", "10x20,100x50,1000x20,public", "sizes of the workspaces to compare in: modules and files of each; public is modules that others have published")
	flags.StringVar(&o.turbo, "turbo", "", "turbo's own program to compare with; without it npm installs "+peers.TurboVersion+" to a temporary folder")
	flags.StringVar(&o.goTask, "go-task", "", "go-task's program to compare with; without it the go command installs "+peers.GoTaskVersion)
	flags.StringVar(&o.write, "write", "", "folder of guides to write comparisons to, as a page and a picture each")
	flags.StringVar(&o.servers, "servers", "magpie,centrifugo,socket.io,naive", "realtime servers to measure")
	flags.StringVar(&o.only, "only", "", "what of realtime to measure, by the names that progress shows; empty is all")
	flags.IntVar(&o.idle, "idle", 10_000, "idle connections")
	flags.DurationVar(&o.rest, "rest", 10*time.Second, "how long a server rests around its memory being read; its CPU is measured for two and a half times as long, so that 10s have it ping each connection once")
	flags.IntVar(&o.rooms, "rooms", 500, "small rooms")
	flags.IntVar(&o.crowd, "crowd", 15_000, "idle connections of each of three processes, over three servers")
	flags.IntVar(&o.storm, "storm", 10_000, "clients of three servers, one of which is killed")
	flags.StringVar(&o.record, "record", "", "file to keep realtime's results in: what it has is not measured again")
	o.fanOut.Prefix, o.fanOut.Rooms = "plain:", 1
	flags.IntVar(&o.fanOut.Subscribers, "subscribers", 1000, "subscribers of the room")
	flags.Float64Var(&o.fanOut.Rate, "rate", 50, "publications a second into the room")
	flags.DurationVar(&o.fanOut.Duration, "duration", 5*time.Second, "how long each rate is held")
	flags.IntVar(&o.fanOut.Bytes, "bytes", 128, "size of a payload")
	flags.IntVar(&o.fanOut.Steps, "steps", 10, "rates to try in search of the highest")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	flags.BoolVar(&o.markdown, "markdown", false, "print the report as Markdown")
	flags.Usage = func() {
		o.say("usage: bench [build | realtime | compare] [flags]")
		flags.PrintDefaults()
	}
	what, args := command(args)
	if what == "hold" {
		return hold(ctx, args, os.Stdin, stdout, stderr)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || o.runs < 1 {
		return fmt.Errorf("cannot measure %q in %d runs; see bench -help", flags.Args(), o.runs)
	}
	r, err := o.measure(ctx, what)
	if err != nil {
		return err
	}
	if o.write != "" {
		if err := write(r, o.write); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return r.JSON(stdout)
	case o.markdown:
		return r.Markdown(stdout)
	}
	return r.Text(stdout)
}

// write writes the guides of what was measured.
func write(r report.Report, dir string) error {
	var errs []error
	if len(r.Comparisons) > 0 {
		errs = append(errs, r.WriteGuide(dir))
	}
	if len(r.Realtime) > 0 {
		errs = append(errs, r.WriteRealtimeGuide(dir))
	}
	return errors.Join(errs...)
}

// command takes the first argument where it is not a flag.
func command(args []string) (what string, rest []string) {
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		return args[0], args[1:]
	}
	return "all", args
}

func (o options) measure(ctx context.Context, what string) (r report.Report, err error) {
	r.Machine = report.ThisMachine(time.Now())
	root, err := workspaceRoot()
	if err != nil {
		return r, err
	}
	temp, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	switch what {
	case "build":
		return r, o.builds(ctx, root, temp, &r)
	case "compare":
		return r, o.compare(ctx, root, temp, &r)
	case "realtime":
		return r, o.realtime(ctx, root, temp, &r)
	case "all":
		if err := o.builds(ctx, root, temp, &r); err != nil {
			return r, err
		}
		if err := o.compare(ctx, root, temp, &r); err != nil {
			r.Notes = append(r.Notes, "other runners: "+err.Error())
		}
		return r, o.realtime(ctx, root, temp, &r)
	}
	return r, fmt.Errorf("there is nothing called %q to measure; there is build, realtime, and compare", what)
}

// say reports progress. It cannot fail in a way that matters.
func (o options) say(format string, args ...any) {
	_, _ = fmt.Fprintf(o.progress, format+"\n", args...)
}
