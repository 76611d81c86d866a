// Package dev is the supervisor behind `mage dev`: it builds the apps of a workspace, runs them,
// and rebuilds and restarts exactly those that a change concerns.
//
// [Run] is the way in. It owns each app's public address and passes requests on to the process of
// the moment, which listens on a port of its own; so a browser never meets a refused connection,
// and an app needs to know no more than the environment it is started with:
//
//   - ADDR, the loopback address to listen on; ADMIN_ADDR, a second one, where [App.AdminAddr] is set
//   - DATA_DIR, a folder of its own that outlives restarts
//
// A failed build leaves the old process running. What went wrong is shown in the terminal and in
// the browser, and both forget it once it is repaired. A page is loaded again when a new process
// answers something else for it; its live regions (ARIA's role=log, role=status and aria-live) do not
// count, so that a page which keeps itself up to date goes on through a restart.
//
// Everything listens on loopback only. Run waits for all it started: its goroutines, and the
// process groups of the apps.
//
// # Goroutines
//
// The supervisor's loop owns what the files are and which app they concern; it is fed by the
// watcher, which owns the file system's events. Each app has a loop that owns its process and is
// fed by the supervisor through a place for one order, in which orders melt together. Each public
// address has an HTTP server, which reads a process's address from the app's gate. All of them
// end with the context.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"magpie.build/tools/pipeline/internal/parent"
	"magpie.build/tools/pipeline/internal/workspace"
)

// Options say what to run and how.
type Options struct {
	// Root is the folder that holds go.work. Empty means the nearest at or above the current one.
	Root string
	// Apps are the programs to run, at least one.
	Apps []App
	// Generate writes the files that are generated, and is called before the first build with no
	// names, then before a build whenever files matched by GenerateOn have changed, with their
	// names relative to the root. It should write only what differs. Nil means nothing is generated.
	Generate func(ctx context.Context, changed []string) error
	// GenerateOn are globs, relative to the root, of the files that Generate reads. Nil means
	// templ, TypeScript and CSS files.
	GenerateOn []string
	// Ignore are globs of files and folders that are not watched, beside dist, node_modules,
	// *_templ.go and whatever begins with a dot. Generate's outputs belong here.
	Ignore []string
	// Dir holds binaries and data. Empty means .magpie/dev in the root.
	Dir string
	// Stdout receives the public links and what the apps write to theirs, Stderr everything else.
	// Nil discards.
	Stdout, Stderr io.Writer
	// Env is the environment of the apps and of the go command. Nil means this process's.
	Env []string
}

// App is a program of the workspace.
type App struct {
	// Name is what the app is called in the output, and its folder below [Options.Dir].
	Name string
	// Module is the folder of its main package relative to the root, with slashes.
	Module string
	// Addr is the public loopback address, such as "127.0.0.1:8080". DEV_<NAME>_ADDR in the
	// environment goes before it.
	Addr string
	// AdminAddr is a second public address, which the app is told as ADMIN_ADDR. Empty means
	// none; DEV_<NAME>_ADMIN_ADDR goes before it.
	AdminAddr string
	// Args are the program's arguments.
	Args []string
	// Env are further variables, "NAME=value", that go before [Options.Env].
	Env []string
	// Ready is the path that answers with a status below 500 once the app serves. Empty means "/".
	Ready string
	// Watch are globs, relative to the root, of files that the app reads when it starts: a change
	// restarts it without a build.
	Watch []string
}

// Run builds and runs the apps until ctx ends or the process is interrupted or asked to
// terminate, which is no error. When it returns, no process of an app is left.
//
// An error is returned when it cannot begin: a public address is taken, a folder cannot be
// watched. Builds that fail, and apps that exit, are shown and waited out.
func Run(ctx context.Context, options Options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := newSupervisor(ctx, &options)
	if err != nil {
		return fmt.Errorf("start dev: %w", err)
	}
	defer s.close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.watch.Run(ctx) })
	group.Go(func() error { return s.run(ctx) })
	group.Go(func() error { return parent.UntilGone(ctx, cancel) })
	for _, a := range s.apps {
		group.Go(func() error { return a.run(ctx) })
		for _, listener := range a.listeners {
			group.Go(func() error { return a.serve(ctx, listener) })
		}
	}
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("dev: %w", err)
	}
	return nil
}

// fill checks the options and puts defaults in their place.
func (o *Options) fill() error {
	if o.Root == "" {
		root, err := workspace.FindRoot(".")
		if err != nil {
			return err
		}
		o.Root = root
	}
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(o.Root, ".magpie", "dev")
	}
	if o.GenerateOn == nil {
		o.GenerateOn = []string{"**/*.templ", "**/*.ts", "**/*.css"}
	}
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Stderr == nil {
		o.Stderr = io.Discard
	}
	if len(o.Apps) == 0 {
		return errors.New("there are no apps to run")
	}
	return nil
}

// listen opens an app's public address, which the variable named override may replace.
func listen(ctx context.Context, env []string, addr, override string) (net.Listener, error) {
	if chosen := lookup(env, override); chosen != "" {
		addr = chosen
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%w; set %s to one such as 127.0.0.1:8080", err, override)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s is not a loopback address, and dev serves this machine only; set %s to one such as 127.0.0.1:%s", addr, override, port)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) || err != nil && strings.Contains(err.Error(), "Only one usage of each socket address") {
		return nil, fmt.Errorf("port %s is in use, perhaps by another `mage dev`: end the program that has it (%s), or choose another address with %s=127.0.0.1:0", port, whoHasPort(port), override)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with %s=127.0.0.1:0", err, override)
	}
	return listener, nil
}

// lookup returns the value of a variable in an environment; the last one counts.
func lookup(env []string, name string) string {
	value := ""
	for _, entry := range env {
		if key, v, ok := strings.Cut(entry, "="); ok && key == name {
			value = v
		}
	}
	return value
}
