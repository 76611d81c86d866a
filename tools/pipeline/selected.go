package pipeline

import (
	"context"
	"os"
	"path"
	"slices"

	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/workspace"
)

// selecting returns which of the files that differ may select other versions of modules, and so concern every Go task: the go.mod of members and of
// modules that are replaced by folders, where more than comments differs, and what the workspace vendors.
func (d *difference) selecting(ctx context.Context, changes []git.Change) ([]string, error) {
	ws := d.pipeline.workspace
	isModule := func(dir string) bool {
		return ws.Module(dir) != nil || slices.ContainsFunc(ws.Replaced, func(m *workspace.Module) bool { return m.Name == dir })
	}
	var names, blobs []string
	var mods []git.Change
	for _, c := range changes {
		switch {
		case c.Name == gokey.Vendor:
			names = append(names, c.Name)
		case path.Base(c.Name) == "go.mod" && isModule(path.Dir(c.Name)):
			mods = append(mods, c)
			for _, id := range []string{c.Blob, c.After} {
				if id != "" {
					blobs = append(blobs, id)
				}
			}
		}
	}
	slices.Sort(blobs)
	contents, err := git.Blobs(ctx, ws.Root, slices.Compact(blobs))
	if err != nil {
		return nil, err
	}
	for _, c := range mods {
		after := contents[c.After]
		if c.After == "" {
			after, _ = os.ReadFile(ws.Abs(c.Name)) // a file that is gone has no lines either
		}
		before := workspace.GoModLines(contents[c.Blob])
		if before == "" || before != workspace.GoModLines(after) {
			names = append(names, c.Name)
		}
	}
	return sorted(names), nil
}
