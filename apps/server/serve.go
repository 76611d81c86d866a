package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
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

// run serves until ctx ends or a part fails, then lets all parts end: no more news of readiness, no new
// requests, connections sent elsewhere, and last, in [run], the broker.
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

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.hub.Run(ctx) })
	group.Go(func() error { return a.nodes.Run(ctx) })
	group.Go(func() error { return a.serve(ctx, public, a.pages) })
	group.Go(func() error { return a.serve(ctx, operators, a.admin.Handler()) })
	a.log.Info("admin is listening", "url", "http://"+operators.Addr().String())
	a.log.Info("server is listening", "url", "http://"+public.Addr().String())

	<-ctx.Done()
	a.admin.Stop()
	a.log.Info("server is stopping")
	return group.Wait()
}

// serve answers requests until ctx ends, then lets those under way finish.
func (a *app) serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
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
