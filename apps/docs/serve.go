package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"magpie.build/apps/docs/internal/render"
	"magpie.build/apps/docs/internal/serve"
)

// serveSite serves a built site, or one that follows the workspace, until ctx ends.
func serveSite(ctx context.Context, c Config, stderr io.Writer) (err error) {
	if c.Dir == "" {
		return serveWorkspace(ctx, c, stderr)
	}
	dir, err := serve.OpenDir(c.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return listen(ctx, c, serve.Handler(dir), stderr)
}

// serveWorkspace makes the site in memory and renews it with each change.
func serveWorkspace(ctx context.Context, c Config, stderr io.Writer) error {
	say := newProgress(stderr)
	say.step("reading the workspace")
	w, err := readWorkspace(ctx, c)
	if err != nil {
		return err
	}
	site, err := w.plan(c)
	if err != nil {
		return err
	}
	live := serve.NewLive(site)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return listen(ctx, c, live.Handler(), stderr) })
	group.Go(func() error {
		return serve.Follow(ctx, w.code.Root, func(files []string) {
			began := time.Now()
			next, err := renew(ctx, c, &w, files)
			if err != nil {
				live.Complain(err)
				say.done("docs: %v", err)
				return
			}
			live.Show(next)
			say.done("docs: renewed in %s", short(time.Since(began)))
		})
	})
	return group.Wait()
}

// renew plans the site again. Go code is read again only if something other than a guide changed.
func renew(ctx context.Context, c Config, w *workspace, changed []string) (*render.Site, error) {
	for _, name := range changed {
		if filepath.Ext(name) == ".md" {
			continue
		}
		next, err := readWorkspace(ctx, c)
		if err != nil {
			return nil, err
		}
		*w = next
		break
	}
	return w.plan(c)
}

// shutdownTime is how long open requests may take after the end was asked for.
const shutdownTime = time.Second

// listen serves until ctx ends, then lets open requests end.
func listen(ctx context.Context, c Config, handler http.Handler, stderr io.Writer) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w; choose another address with -addr or ADDR", err)
	}
	server := &http.Server{
		Handler:           http.StripPrefix(c.URL.Path[:len(c.URL.Path)-1], handler),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends event streams
	}
	newProgress(stderr).done("docs: http://%s%s", listener.Addr(), c.URL.Path)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(err, server.Close())
	}
	return closed(<-ended)
}

// closed leaves out that a server ended because it was told to.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
