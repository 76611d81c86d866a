package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// order is what an app is asked to do next. Orders that meet become one.
type order struct {
	rebuild          bool
	detect, generate time.Duration
}

// app is the loop around one program: it alone builds, starts and stops it.
type app struct {
	declared  App
	env       []string
	root, dir string
	console   appConsole
	listeners []listener
	gate      *gate

	print digest // the supervisor's: sources that were last ordered to be built

	mu      sync.Mutex
	pending *order
	wake    chan struct{} // holds one token while an order is pending

	// The loop's own.
	binary  string
	builds  int
	broken  bool // the last build failed
	linked  bool // the public links have been printed
	process *process
}

// listener is one of an app's public addresses.
type listener struct {
	net.Listener
	admin bool
}

// newApp claims the addresses of an app.
func newApp(ctx context.Context, options *Options, declared App, console appConsole) (*app, error) {
	a := &app{
		declared: declared, root: options.Root, dir: options.Dir, console: console,
		gate: newGate(), wake: make(chan struct{}, 1),
	}
	variable := "DEV_" + strings.ToUpper(strings.ReplaceAll(declared.Name, "-", "_"))
	public, err := listen(ctx, options.Env, declared.Addr, variable+"_ADDR")
	if err != nil {
		return nil, err
	}
	a.listeners = append(a.listeners, listener{Listener: public})
	if a.declared.Ready == "" {
		a.declared.Ready = "/"
	}
	if declared.AdminAddr != "" {
		admin, err := listen(ctx, options.Env, declared.AdminAddr, variable+"_ADMIN_ADDR")
		if err != nil {
			return nil, errors.Join(err, public.Close())
		}
		a.listeners = append(a.listeners, listener{Listener: admin, admin: true})
	}
	data := filepath.Join(options.Dir, "data", declared.Name)
	a.env = append(append(append(a.env, options.Env...), "DATA_DIR="+data), declared.Env...)
	if err := errors.Join(makeDir(data), makeDir(filepath.Join(options.Dir, "bin"))); err != nil {
		a.close()
		return nil, err
	}
	a.removeBinaries() // of a supervisor that was killed
	return a, nil
}

// removeBinaries removes what was built for this app, as far as the system lets go of it.
func (a *app) removeBinaries() {
	entries, err := os.ReadDir(filepath.Join(a.dir, "bin"))
	if err != nil {
		return
	}
	for _, entry := range entries {
		number, ours := strings.CutPrefix(strings.TrimSuffix(entry.Name(), executableSuffix), a.declared.Name+"-")
		if _, err := strconv.Atoi(number); ours && err == nil {
			_ = os.Remove(filepath.Join(a.dir, "bin", entry.Name()))
		}
	}
}

func (a *app) close() {
	for _, l := range a.listeners {
		_ = l.Close()
	}
}

// changed notes the sources' fingerprint and says whether it is a new one.
func (a *app) changed(print digest) bool {
	changed := print != a.print
	a.print = print
	return changed
}

// order hands the loop something to do, and does not wait for it.
func (a *app) order(o order) {
	a.mu.Lock()
	if a.pending != nil {
		o.rebuild = o.rebuild || a.pending.rebuild
	}
	a.pending = &o
	a.mu.Unlock()
	a.signal()
}

func (a *app) signal() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *app) take() order {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := *a.pending
	a.pending = nil
	return o
}

// run carries out orders until ctx ends, and then ends the process.
func (a *app) run(ctx context.Context) error {
	// Linux ends a child when the thread that started it ends, so that a supervisor that is killed
	// takes its children along. The thread must therefore be this loop's own.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer a.clean()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.wake:
			a.carryOut(ctx, a.take())
		case <-a.process.exited():
			a.fail(newExitReport("exited by itself: "+a.process.reason(), a.process))
			a.process = nil
			a.gate.down()
		}
	}
}

// clean ends the process and removes its binaries.
func (a *app) clean() {
	a.process.stop()
	a.removeBinaries()
}

// carryOut builds if need be and starts the new process in place of the old one.
func (a *app) carryOut(ctx context.Context, o order) {
	start := time.Now()
	if o.rebuild || a.broken || a.binary == "" {
		if !a.build(ctx) {
			return
		}
	}
	built := time.Now()
	a.gate.hold()
	a.process.stop()
	a.process = nil
	err := a.start(ctx)
	if ctx.Err() != nil || errors.Is(err, errSuperseded) {
		return
	}
	if err != nil {
		a.gate.down()
		a.fail(newExitReport(err.Error(), a.process))
		a.process.stop()
		a.process = nil
		return
	}
	a.gate.open(a.process)
	a.console.say("detect %s | generate %s | build %s | ready %s",
		milliseconds(o.detect), milliseconds(o.generate), milliseconds(built.Sub(start)), milliseconds(time.Since(built)))
	if !a.linked {
		a.linked = true
		a.printLinks()
	}
}

func (a *app) printLinks() {
	for _, l := range a.listeners {
		kind := ""
		if l.admin {
			kind = " (admin)"
		}
		a.console.result("http://%s%s", l.Addr(), kind)
	}
}

// build compiles the app to a new file, and says whether that went well. The old binary goes only
// after that.
func (a *app) build(ctx context.Context) bool {
	a.builds++
	binary := filepath.Join(a.dir, "bin", fmt.Sprintf("%s-%d%s", a.declared.Name, a.builds, executableSuffix))
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, ".")
	cmd.Dir = filepath.Join(a.root, filepath.FromSlash(a.declared.Module))
	cmd.Env = a.env
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	ownGroup(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		_ = os.Remove(binary)
		return false
	}
	a.broken = err != nil
	if err != nil {
		text := output.String()
		if text == "" {
			text = err.Error()
		}
		a.fail(newReport("build failed", placeUnder(a.declared.Module, text)))
		return false
	}
	if a.binary != "" {
		_ = os.Remove(a.binary) // Windows refuses while it runs; the next start of dev removes it
	}
	a.binary = binary
	return true
}

// errSuperseded says that a start was given up because a newer order waits.
var errSuperseded = errors.New("superseded")

// start runs the binary and waits until it serves. The process is a.process even when it failed.
func (a *app) start(ctx context.Context) error {
	const attempts = 3 // another program may take a free port before ours does
	for attempt := 1; ; attempt++ {
		p, err := startProcess(ctx, a)
		if err != nil {
			return err
		}
		a.process = p
		err = a.awaitReady(ctx)
		if err == nil || attempt == attempts || !strings.Contains(p.log(), "address already in use") {
			return err
		}
		p.stop()
	}
}

// startTimeout is how long an app may take until it serves: one that opens a large store needs
// seconds, one that has not come by then hangs.
const startTimeout = 30 * time.Second

func (a *app) awaitReady(ctx context.Context) error {
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.wake:
			a.signal()
			a.process.stop()
			a.process = nil
			return errSuperseded
		case <-a.process.exited():
			return fmt.Errorf("did not start: %s", a.process.reason())
		case <-timeout.C:
			return fmt.Errorf("did not start: no answer on %s within %s", a.declared.Ready, startTimeout)
		case <-poll.C:
			if a.process.serves(ctx, a.declared.Ready) {
				return nil
			}
		}
	}
}

// fail shows what went wrong, in the terminal and in the browser. Safe for concurrent use.
func (a *app) fail(r *report) {
	a.console.complain(r)
	a.gate.fail(r)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }
