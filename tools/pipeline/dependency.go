package pipeline

import (
	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/hash"
)

// A result is what a task hands to the keys of those that depend on it. It is what the task made rather than what it
// was made from, so that a change which makes no difference ends here:
//
//   - A task with outputs hands over their names, modes and contents.
//   - A task without outputs was run for what it does, which nobody can hash: it hands over its own key.
//   - Except from one Go task to another: what a build or a test of a module leaves behind for the go command in
//     the next module is in the files that the next one's own closure holds. It only passes on what it
//     depends on itself, for a generator may stand behind it.
//   - A group hands over what its parts do.
type result struct {
	toAny hash.Key // for any task
	toGo  hash.Key // for a Go task
}

// settle works out what a task hands on, once it has succeeded.
func (s *session) settle(n *node, key hash.Key, outputs []cache.Output) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var r result
	switch {
	case !n.outputs.Empty():
		r.toAny = made(outputs)
		r.toGo = r.toAny
	case n.isGroup():
		r = result{s.passedOn(n, false), s.passedOn(n, true)}
	case n.isGo():
		r = result{key, s.passedOn(n, true)}
	default:
		r = result{key, key}
	}
	s.results[n.id] = r
}

// passedOn sums up what the dependencies of a task hand over.
func (s *session) passedOn(n *node, toGo bool) hash.Key {
	h := hash.New(passedOn)
	found := false
	for _, dep := range s.graph.Deps(n.id) {
		key := s.results[dep].toAny
		if toGo {
			key = s.results[dep].toGo
		}
		if key != nothingPassedOn {
			found = true
			h.Add("dependency", dep, string(key[:]))
		}
	}
	if !found {
		return nothingPassedOn
	}
	return h.Key()
}

const passedOn = "passed on"

// nothingPassedOn is what a task without outputs hands over.
var nothingPassedOn = hash.New(passedOn).Key()

// addDependency adds to the key of a task what one that it depends on hands over.
func (s *session) addDependency(h *hash.Hasher, n *node, dep string) {
	r := s.results[dep]
	key := r.toAny
	if n.isGo() {
		key = r.toGo
	}
	h.Add("dependency", dep, string(key[:]))
}

// made is the sum of outputs.
func made(outputs []cache.Output) hash.Key {
	h := hash.New("made")
	for _, o := range outputs {
		h.Add("output", o.Name, o.Mode.String(), string(o.Content[:]))
	}
	return h.Key()
}
