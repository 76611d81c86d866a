package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"magpie.build/tools/chaos/internal/cast"
	"magpie.build/tools/chaos/internal/deploy"
	"magpie.build/tools/chaos/internal/laws"
	"magpie.build/tools/chaos/internal/nemesis"
	"magpie.build/tools/chaos/internal/record"
)

// trial is one run: a topology, a nemesis and a seed.
type trial struct {
	system   deploy.System
	topology deploy.Topology
	nemesis  string
	seed     uint64
	length   time.Duration
	servers  int
	pace     time.Duration // of each publisher
	env      []string
	dir      string
	progress io.Writer
}

// The people of a run. There is more than one of each for every server.
const (
	viewers    = 5
	publishers = 4
	// notice is the fifth law's bound.
	notice = 5 * time.Second
	// stopTime is how long the last messages may be tried after the nemesis has ended.
	stopTime = 15 * time.Second
)

// runAll carries out trials, some at once, and says the verdict of each when it is there. The verdicts are returned in the order of
// the trials. A trial that cannot be carried out, because its servers did not start for one, has none; the others go on, and the
// error names each.
func runAll(ctx context.Context, trials []trial, atOnce int, stdout io.Writer) ([]laws.Verdict, error) {
	verdicts, errs := make([]laws.Verdict, len(trials)), make([]error, len(trials))
	places := make(chan int)
	var said sync.Mutex
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for i := range places {
				v, err := trials[i].run(ctx)
				verdicts[i], errs[i] = v, err
				said.Lock()
				trials[i].tell(stdout, v, err)
				said.Unlock()
			}
		})
	}
	for i := range trials {
		select {
		case places <- i:
		case <-ctx.Done():
			errs[i] = context.Cause(ctx)
		}
	}
	close(places)
	wg.Wait()
	var judged []laws.Verdict
	for i, v := range verdicts {
		if errs[i] == nil {
			judged = append(judged, v)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return judged, err
	}
	return judged, errors.Join(errs...)
}

// tell says the verdict, and removes what nobody needs.
func (t trial) tell(stdout io.Writer, v laws.Verdict, err error) {
	switch {
	case err != nil:
		say(stdout, "%s, %s, %s, seed %d: not carried out: %v\n", t.system.Name(), t.topology, t.nemesis, t.seed, err)
	case v.Good():
		say(stdout, "%s\n", v)
		_ = os.RemoveAll(t.dir)
		return
	default:
		say(stdout, "%s\n", v)
	}
	say(stdout, "  again: -topology %s -nemesis %s -for %v -seed %d; recorded in %s\n", t.topology, t.nemesis, t.length, t.seed, t.dir)
}

// run carries it out, and judges it.
func (t trial) run(ctx context.Context) (laws.Verdict, error) {
	plan, err := nemesis.Make(t.nemesis, t.topology, t.seed, t.length)
	if err != nil {
		return laws.Verdict{}, err
	}
	say(t.progress, "%s, %s, %s, %v, seed %d, in %s\n%s", t.system.Name(), t.topology, t.nemesis, t.length, t.seed, t.dir, plan)
	model := record.Model{
		System: t.system.Name(), Topology: string(t.topology), Nemesis: t.nemesis, Seed: t.seed,
		Durable: t.system.Durable(t.topology), Forgets: t.system.Forgets(t.topology),
		HistorySize: deploy.HistorySize, Notice: notice,
	}
	log, err := record.Create(t.dir, model)
	if err != nil {
		return laws.Verdict{}, err
	}
	err = errors.Join(t.play(ctx, log, plan), log.Close())
	if err != nil {
		return laws.Verdict{}, fmt.Errorf("run of %s in %s: %w", t.nemesis, t.dir, err)
	}
	v, report, err := judge(t.dir)
	if err == nil && !v.Good() {
		say(t.progress, "%s", report)
	}
	return v, err
}

// judge checks the run that a folder holds.
func judge(dir string) (v laws.Verdict, report string, err error) {
	h, err := record.Read(dir)
	if err != nil {
		return v, "", err
	}
	v = laws.Check(h)
	return v, v.Report(h), nil
}

// play has everybody play their part.
func (t trial) play(ctx context.Context, log *record.Log, plan nemesis.Plan) error {
	d, err := deploy.Start(ctx, deploy.Options{
		Topology: t.topology, System: t.system, Servers: t.servers, Dir: filepath.Join(t.dir, "servers"), Env: t.env,
		Elapsed: log.Elapsed,
		Clocks:  plan.Has(deploy.JumpClocks),
	})
	if err != nil {
		return err
	}
	defer d.Close()
	header, err := t.system.SignIn(ctx, d.Addrs()[0])
	if err != nil {
		return err
	}
	stage := cast.Stage{Log: log, Servers: d.Addrs(), Channels: t.system.Channels(), Header: header, Key: cast.KeyOf}

	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { watchClock(ctx, log) })
	watch := deploy.NewWatch(d)
	wg.Go(func() { watch.Run(ctx) })
	var audience []*cast.Viewer
	for n := range viewers {
		v := cast.NewViewer(stage, fmt.Sprintf("viewer-%d", n+1), n)
		audience = append(audience, v)
		wg.Go(func() { v.Run(ctx) })
	}
	stopPublishing := t.publish(ctx, stage)
	err = nemesis.Nemesis{Deployment: d, Viewers: audience, Log: log}.Run(ctx, plan, t.length)
	stopPublishing()
	if err := errors.Join(err, d.Revive()); err != nil {
		return err
	}
	if err := cast.Settle(ctx, stage, audience, t.system.Patience()); err != nil {
		return err
	}
	lost, err := watch.Losses()
	for _, loss := range lost {
		log.Add(record.Event{Kind: record.Lost, Who: loss.Redis, Span: &loss.Span})
	}
	return err
}

// publish begins to publish, and returns what ends that.
func (t trial) publish(ctx context.Context, stage cast.Stage) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	var wg sync.WaitGroup
	// A channel must keep all of it, so that it can be read at the end.
	room := time.Duration(len(stage.Channels) * deploy.HistorySize * 3 / 4)
	every := max(t.pace, t.length*publishers/room)
	for n := range publishers {
		p := &cast.Publisher{
			Stage: stage, Name: fmt.Sprintf("publisher-%d", n+1), Every: every, Server: n,
			Insist: n > 0, // the first gives up, so that there are messages which were never acknowledged
			Send:   t.sender(ctx, stage),
		}
		wg.Go(func() { p.Run(ctx, stopped) })
	}
	return func() {
		close(stopped)
		timer := time.AfterFunc(stopTime, cancel)
		defer timer.Stop()
		wg.Wait()
		cancel()
	}
}

func (t trial) sender(ctx context.Context, stage cast.Stage) cast.Send {
	if t.system.Name() == (deploy.Centrifugo{}).Name() {
		return cast.ByAPI(stage, deploy.APIKey)
	}
	return cast.ByChat(ctx, stage)
}

// maxGap is how long this process may not have run without that being an excuse for everybody.
const maxGap = time.Second

// watchClock notes when this process itself was stopped or starved: what came late then is nobody's fault.
func watchClock(ctx context.Context, log *record.Log) {
	const every = 100 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if gap := time.Since(last); gap > maxGap {
			log.Add(record.Event{Kind: record.Fault, Who: "machine", Excuse: true, Text: fmt.Sprintf("the checker did not run for %v", gap)})
			log.Add(record.Event{Kind: record.Heal, Who: "machine"})
		}
		last = time.Now()
	}
}
