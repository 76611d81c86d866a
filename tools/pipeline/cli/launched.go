package cli

import (
	"os"
	"strings"

	"magpie.build/tools/pipeline"
)

// The launcher magpie tells the magefile that it starts, which runs at the workspace's root, what else it knows.
const (
	folderVariable  = "MAGPIE_FOLDER"  // the folder that it was called in, relative to the root, with slashes
	targetsVariable = "MAGPIE_TARGETS" // a line for each of mage's targets: its name, a space, its help
)

// A target is one of the functions that mage lists.
type target struct{ name, help string }

// launched takes what the launcher says out of the environment, so that it ends here. Without a launcher there is no folder, and
// the targets are those of the source.
func launched() (folder string, targets []target) {
	folder, list := os.Getenv(folderVariable), os.Getenv(targetsVariable)
	_ = os.Unsetenv(folderVariable) // names like these cannot fail
	_ = os.Unsetenv(targetsVariable)
	if folder == "." {
		folder = ""
	}
	for line := range strings.Lines(list) {
		name, help, _ := strings.Cut(strings.TrimSpace(line), " ")
		targets = append(targets, target{name, strings.TrimSpace(help)})
	}
	if targets == nil {
		targets = declaredTargets()
	}
	return folder, targets
}

// stand takes over where somebody stands: relative paths in filters start there, and without a filter tasks are limited to the
// module there.
func (c *CLI) stand(s *settings, p *pipeline.Pipeline) {
	s.Dir = c.folder
	if len(s.Filter) == 0 {
		s.Filter = p.Scope(c.folder)
	}
}

// targetNamed reports whether the launcher knows of a target.
func (c *CLI) targetNamed(name string) bool {
	for _, t := range c.targets {
		if strings.EqualFold(t.name, name) {
			return true
		}
	}
	return false
}
