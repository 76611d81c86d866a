package pipeline

import (
	"errors"
	"slices"
)

// errNoUse says that there are arguments and nothing that takes them.
var errNoUse = errors.New("arguments were given, but none of the named tasks runs anything to give them to")

// pass returns the tasks as they are with arguments of the run: their commands end in them, and so do their keys.
func (p *Pipeline) pass(args, ids []string) (map[string]*node, error) {
	if len(args) == 0 {
		return nil, nil
	}
	passed := make(map[string]*node, len(ids))
	used := len(ids) == 0
	for _, id := range ids {
		n := *p.nodes[id]
		n.args = args
		n.Commands = nil
		for _, command := range p.nodes[id].Commands {
			n.Commands = append(n.Commands, slices.Concat(command, args))
		}
		passed[id] = &n
		used = used || !n.isGroup()
	}
	if !used {
		return nil, errNoUse
	}
	return passed, nil
}
