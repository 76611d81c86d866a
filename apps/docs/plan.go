package main

import (
	"cmp"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"magpie.build/apps/docs/internal/assets"
	"magpie.build/apps/docs/internal/load"
	"magpie.build/apps/docs/internal/render"
	"magpie.build/apps/docs/internal/tasks"
)

// A workspace is what the site is made of, but for the guides.
type workspace struct {
	code  *load.Workspace
	tasks *tasks.Reference
}

// readWorkspace reads the Go source and the magefile of the workspace that the configuration names.
func readWorkspace(ctx context.Context, c Config) (workspace, error) {
	var w workspace
	root, err := load.FindRoot(cmp.Or(c.Root, "."))
	if err != nil {
		return w, fmt.Errorf("%w; run in a workspace or name one with -root", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		w.code, err = load.Load(ctx, root)
		return err
	})
	group.Go(func() (err error) {
		w.tasks, err = tasks.Read(ctx, root)
		return err
	})
	err = group.Wait()
	return w, err
}

// plan plans the pages of a site.
func (w workspace) plan(c Config) (*render.Site, error) {
	files, err := assets.New()
	if err != nil {
		return nil, err
	}
	return render.New(render.Sources{Workspace: w.code, Tasks: w.tasks, Content: c.Content, Assets: files, BaseURL: c.URL})
}
