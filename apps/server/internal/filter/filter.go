// Package filter decides by a publication's tags whether a subscriber wants it. A filter is a tree of
// comparisons, as subscribers of the Centrifuge protocol send it ("tf"); what each comparison means is said
// there, in FilterNode.
//
// Filters come from strangers and are asked once for each publication and subscriber, so they are small:
// [Node.Check] refuses others.
package filter

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of a filter.
const (
	// MaxBytes is how long one may be on the wire, in either form.
	MaxBytes = 4 << 10
	// MaxNodes is how many nodes its tree may have: what asking it costs.
	MaxNodes = 64
)

// Node is a comparison, or joins others. Only a node that [Node.Check] found good may be asked.
type Node struct {
	// Op is "" for a comparison, or "and", "or" or "not" of Nodes.
	Op string `json:"op"`
	// Key is the tag that is compared, Cmp how, and Val or Vals what with.
	Key  string   `json:"key"`
	Cmp  string   `json:"cmp"`
	Val  string   `json:"val"`
	Vals []string `json:"vals"`
	// Nodes are what Op joins, one for "not".
	Nodes []Node `json:"nodes"`
}

// Check says what is wrong with a filter, or nil.
func (n *Node) Check() error {
	left := MaxNodes
	return n.check(&left)
}

func (n *Node) check(left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("it has more than %d nodes", MaxNodes)
	}
	switch n.Op {
	case "":
		return n.checkComparison()
	case "and", "or":
		if len(n.Nodes) == 0 {
			return fmt.Errorf("%q joins nothing", n.Op)
		}
	case "not":
		if len(n.Nodes) != 1 {
			return fmt.Errorf("\"not\" is of one node, not of %d", len(n.Nodes))
		}
	default:
		return fmt.Errorf("there is no op %.20q", n.Op)
	}
	for i := range n.Nodes {
		if err := n.Nodes[i].check(left); err != nil {
			return err
		}
	}
	return nil
}

// checkComparison checks that a comparison has what it takes, and nothing else.
func (n *Node) checkComparison() error {
	var one, many bool
	switch n.Cmp {
	case "eq", "neq", "sw", "ew", "ct", "gt", "gte", "lt", "lte":
		one = true
	case "in", "nin":
		many = true
	case "ex", "nex":
	default:
		return fmt.Errorf("there is no cmp %.20q", n.Cmp)
	}
	switch {
	case one != (n.Val != ""):
		return fmt.Errorf("%q and val do not fit", n.Cmp)
	case many != (len(n.Vals) > 0):
		return fmt.Errorf("%q and vals do not fit", n.Cmp)
	case (one || many) && n.Key == "":
		return fmt.Errorf("%q has no key", n.Cmp)
	default:
		return nil
	}
}

// Match reports whether a publication with these tags is wanted.
func (n *Node) Match(tags map[string]string) bool {
	switch n.Op {
	case "and":
		return !n.some(tags, false)
	case "or":
		return n.some(tags, true)
	case "not":
		return n.some(tags, false)
	default:
		tag, tagged := tags[n.Key]
		return n.compare(tag, tagged)
	}
}

// some reports whether one of the nodes answers so.
func (n *Node) some(tags map[string]string, answer bool) bool {
	for i := range n.Nodes {
		if n.Nodes[i].Match(tags) == answer {
			return true
		}
	}
	return false
}

// compare answers for a tag, which is "" where the publication does not have it.
func (n *Node) compare(tag string, tagged bool) bool {
	switch n.Cmp {
	case "eq":
		return tagged && tag == n.Val
	case "neq":
		return !tagged || tag != n.Val
	case "in":
		return slices.Contains(n.Vals, tag)
	case "nin":
		return !slices.Contains(n.Vals, tag)
	case "ex":
		return tagged
	case "nex":
		return !tagged
	case "sw":
		return tagged && strings.HasPrefix(tag, n.Val)
	case "ew":
		return tagged && strings.HasSuffix(tag, n.Val)
	case "ct":
		return tagged && strings.Contains(tag, n.Val)
	}
	order, numbers := compareNumbers(tag, n.Val)
	switch n.Cmp {
	case "gt":
		return numbers && order > 0
	case "gte":
		return numbers && order >= 0
	case "lt":
		return numbers && order < 0
	case "lte":
		return numbers && order <= 0
	default:
		return false
	}
}
