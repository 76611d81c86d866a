package pipeline

import (
	"errors"
	"maps"
	"slices"
)

// errNoUse says that there are arguments and nothing that takes them.
var errNoUse = errors.New("arguments were given, but none of the named tasks runs anything to give them to")

// passing returns the pipeline with tasks that get further arguments: their commands end in them, and so do their keys.
func (p *Pipeline) passing(ids, args []string) (*Pipeline, error) {
	if len(args) == 0 {
		return p, nil
	}
	passing := *p
	passing.nodes = maps.Clone(p.nodes)
	used := len(ids) == 0
	for _, id := range ids {
		n := *p.nodes[id]
		n.args = args
		n.Commands = nil
		for _, command := range p.nodes[id].Commands {
			n.Commands = append(n.Commands, slices.Concat(command, args))
		}
		passing.nodes[id] = &n
		used = used || !n.isGroup()
	}
	if !used {
		return nil, errNoUse
	}
	return &passing, nil
}
