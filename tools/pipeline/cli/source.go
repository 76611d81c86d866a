package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// declaration finds the functions of a Go file that may be targets.
var declaration = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^func ([A-Z]\w*)\(`) })

// declaredTargets reads from the magefile's source, in the current folder, which targets mage knows: the program itself cannot be
// asked before its main has begun. Where the source leaves that open, by imported targets or aliases, or is not there, it
// returns none.
func declaredTargets() []target {
	files, _ := filepath.Glob("*.go") // the pattern is right
	var targets []target
	for _, name := range files {
		data, err := os.ReadFile(name)
		text := string(data)
		if err != nil || strings.Contains(text, "mage:import") || strings.Contains(text, "\nvar Aliases") {
			return nil
		}
		if !strings.Contains(text, "\npackage main\n") {
			continue
		}
		for _, match := range declaration().FindAllStringSubmatch(text, -1) {
			targets = append(targets, target{name: strings.ToLower(match[1][:1]) + match[1][1:]})
		}
	}
	return targets
}
