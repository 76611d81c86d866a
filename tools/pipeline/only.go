package pipeline

import (
	"fmt"
	"slices"

	"magpie.build/tools/pipeline/internal/hash"
)

// addLeftOut adds to a key what those dependencies have made that [Options.Only] leaves out, as it lies there. Nobody has made sure
// that it is what they would make now, so their own keys say nothing.
func (s *session) addLeftOut(h *hash.Hasher, n *node) error {
	if !s.options.Only {
		return nil
	}
	for _, id := range s.leftOut(n.id) {
		outputs, err := s.outputs(s.node(id))
		if err != nil {
			return err
		}
		h.Add("left out", id, fmt.Sprint(len(outputs)))
		for _, o := range outputs {
			h.Add("output", o.Name, kind(o.Mode), string(o.Content[:]))
		}
	}
	return nil
}

// leftOut returns the tasks that a task depends on and that are not in the run, by way of others such too. Sorted.
func (s *session) leftOut(id string) []string {
	seen := make(map[string]bool)
	queue := slices.Clone(s.pipeline.graph.Deps(id))
	var left []string
	for len(queue) > 0 {
		dep := queue[0]
		queue = queue[1:]
		if seen[dep] || s.graph.Has(dep) {
			continue
		}
		seen[dep] = true
		left = append(left, dep)
		queue = append(queue, s.pipeline.graph.Deps(dep)...)
	}
	slices.Sort(left)
	return left
}
