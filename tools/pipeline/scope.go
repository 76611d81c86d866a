package pipeline

import "magpie.build/tools/pipeline/internal/glob"

// Scope returns the filter that limits tasks to where somebody stands, for [Options.Filter]: the module that holds the folder,
// or else the modules below it. It is none at the root, and where there is no module around; the root itself counts as none. The
// folder is relative to the root, with slashes.
func (p *Pipeline) Scope(folder string) []string {
	if folder == "" || folder == "." {
		return nil
	}
	if at := p.place(folder); at.Module != "" {
		return []string{at.Module}
	}
	var below []string
	for _, m := range p.modules {
		if glob.Within(folder, m.Name) {
			below = append(below, m.Name)
		}
	}
	return below
}
