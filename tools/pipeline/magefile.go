package pipeline

import (
	"os"
	"path"
	"slices"
	"strings"

	"magpie.build/tools/pipeline/internal/gosource"
)

// magefileFiles returns which of the files that differ the compiled magefile is made of, and with it every task that is a Go function.
// Its own files are not among them: they decide about all tasks.
func (d *difference) magefileFiles() ([]string, error) {
	if d.magefile != nil {
		return *d.magefile, nil
	}
	dirs, err := d.pipeline.magefileImports()
	if err != nil {
		return nil, err
	}
	var files []string
	settings, err := d.pipeline.read().goSettings(d.env)
	if err != nil {
		return nil, err
	}
	for _, v := range d.views {
		built, err := v.reader(d.pipeline.workspace, settings, []string{"mage"}).Build(dirs...)
		if err != nil {
			return nil, err
		}
		files = append(files, slices.DeleteFunc(built.Files, func(name string) bool { return !d.files[name] })...)
	}
	files = sorted(files)
	d.magefile = &files
	return files, nil
}

// magefileImports returns the folders of the workspace's packages that the magefile imports.
func (p *Pipeline) magefileImports() ([]string, error) {
	var dirs []string
	for _, folder := range []string{".", "magefiles"} {
		entries, err := os.ReadDir(p.workspace.Abs(folder))
		if err != nil {
			continue // there need be none
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			if e.IsDir() || path.Ext(name) != ".go" {
				continue
			}
			content, err := os.ReadFile(p.workspace.Abs(name))
			if err != nil {
				return nil, err
			}
			for _, imported := range gosource.ParseHeader(name, content).Imports {
				if m := p.workspace.ModuleOf(imported); m != nil {
					dirs = append(dirs, path.Join(m.Name, strings.TrimPrefix(imported, m.Path)))
				}
			}
		}
	}
	return sorted(dirs), nil
}
