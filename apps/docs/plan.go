package main

import (
	"context"
	"fmt"

	"magpie.build/apps/docs/internal/assets"
	"magpie.build/apps/docs/internal/load"
	"magpie.build/apps/docs/internal/render"
)

// loadWorkspace reads the Go source of the workspace that the configuration names.
func loadWorkspace(ctx context.Context, c Config) (*load.Workspace, error) {
	root := c.Root
	if root == "" {
		root = "."
	}
	root, err := load.FindRoot(root)
	if err != nil {
		return nil, fmt.Errorf("%w; run in a workspace or name one with -root", err)
	}
	return load.Load(ctx, root)
}

// planSite plans the pages of a workspace.
func planSite(_ context.Context, c Config, w *load.Workspace) (*render.Site, error) {
	files, err := assets.New()
	if err != nil {
		return nil, err
	}
	return render.New(render.Sources{Workspace: w, Content: c.Content, Assets: files, BaseURL: c.URL})
}
