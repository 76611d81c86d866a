package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie.build/apps/server/internal/descriptors"
)

const (
	// stopTime is how long requests may go on after the server was told to stop. The hub bounds the
	// end of its connections by itself.
	stopTime = 10 * time.Second

	// Bounds of one request. A page is small and its form smaller; a WebSocket lives on outside them.
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 16 << 10 // a session cookie and what browsers send beside it
)

// run serves until ctx ends or a part fails, then lets all parts end, each after what needs it: first the
// server is no longer ready, so that a balancer looks elsewhere; then connections are sent away, while requests
// are still answered; then those end too; and last, in [run], the broker.
func (a *app) run(ctx context.Context) error {
	public, err := listen(ctx, "ADDR", a.config.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = public.Close() }() // closed already where it was served
	operators, err := listen(ctx, "ADMIN_ADDR", a.config.AdminAddr)
	if err != nil {
		return err
	}
	defer func() { _ = operators.Close() }()

	var backEnds net.Listener
	if a.api != nil {
		if backEnds, err = listen(ctx, "API_ADDR", a.config.APIAddr); err != nil {
			return err
		}
		defer func() { _ = backEnds.Close() }()
	}

	group, serving := errgroup.WithContext(context.WithoutCancel(ctx))
	connected, drain := context.WithCancel(serving)
	defer drain()
	open, shut := context.WithCancel(serving)
	group.Go(func() error {
		defer shut()
		return a.hub.Run(connected)
	})
	group.Go(func() error { return a.nodes.Run(open) })
	group.Go(func() error { tidyMemory(open, a.connections, debug.FreeOSMemory); return nil })
	guard := descriptors.NewGuard(a.log)
	group.Go(func() error {
		return a.serve(open, guard.Listener(public), guard.Handler(a.pages), guard.ConnContext)
	})
	group.Go(func() error { return a.serve(open, operators, a.admin.Handler(a.inspector), nil) })
	group.Go(func() error { return a.revoked.Run(open) })
	if a.api != nil {
		group.Go(func() error { return a.serve(open, backEnds, a.api, nil) })
		a.log.Info("api is listening", "url", "http://"+backEnds.Addr().String())
	}
	a.log.Info("admin is listening", "url", "http://"+operators.Addr().String())
	a.log.Info("server is listening", "url", "http://"+public.Addr().String())

	select {
	case <-ctx.Done():
		a.admin.Stop()
		a.log.Info("server is stopping", "drain_delay", a.config.DrainDelay, "drain_time", a.config.DrainTime)
		rest(serving, a.config.DrainDelay)
	case <-serving.Done():
	}
	drain()
	return group.Wait()
}

// rest waits, unless a part fails meanwhile.
func rest(serving context.Context, delay time.Duration) {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-serving.Done():
	}
}

// serve answers requests until ctx ends, then lets those under way finish. What a handler is to know of the connection,
// note puts into the context; nil is nothing.
func (a *app) serve(ctx context.Context, listener net.Listener, handler http.Handler, note func(context.Context, net.Conn) context.Context) error {
	server := &http.Server{
		Handler:           handler,
		ConnContext:       note,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err := server.Shutdown(stopping)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("requests on %s were cut off after %s", listener.Addr(), stopTime)
	}
	if failure := <-failed; !errors.Is(failure, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serve %s: %w", listener.Addr(), failure))
	}
	return err
}
