package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// maxFileBytes is far above any configuration written by hand.
const maxFileBytes = 1 << 20

// readFile returns the file at path. No path is an empty file.
func readFile(path string, from Source) ([]byte, []Problem) {
	if path == "" {
		return nil, nil
	}
	data, err := readBounded(path, maxFileBytes)
	if err != nil {
		return nil, []Problem{{Name: path, Source: from, Expected: "cannot be read: " + err.Error()}}
	}
	return data, nil
}

// keysIn returns all keys of a file, those of tables too, as far as it can be read.
func keysIn(data []byte) []string {
	var parser unstable.Parser
	parser.Reset(data)
	var keys []string
	table := ""
	for parser.NextExpression() {
		e := parser.Expression()
		if e.Kind == unstable.KeyValue {
			keys = keysBelow(table, e, keys)
			continue
		}
		key, _ := dotted("", e)
		keys, table = append(keys, key), key+"."
	}
	return keys
}

func keysBelow(prefix string, e *unstable.Node, keys []string) []string {
	key, _ := dotted(prefix, e)
	keys = append(keys, key)
	if value := e.Value(); value.Kind == unstable.InlineTable {
		children := value.Children()
		for children.Next() {
			keys = keysBelow(key+".", children.Node(), keys)
		}
	}
	return keys
}

// A document is a TOML file on its way into a layer. It is read by the library's parser rather than its
// decoder because the parser knows the line of each value.
type document struct {
	path     string
	parser   unstable.Parser
	fields   map[string]field
	keys     []string
	prefixes []string       // of groups
	lines    map[string]int // where each key was set
	values   layer
	problems []Problem
}

func parseFile(path string, data []byte, shape *shape) (layer, []Problem) {
	d := document{path: path, fields: map[string]field{}, lines: map[string]int{}, values: layer{}}
	for _, f := range shape.fields {
		d.fields[f.Key] = f
		d.keys = append(d.keys, f.Key)
	}
	for _, g := range shape.groups {
		prefix, _, _ := strings.Cut(g.scope.key, entryName)
		d.prefixes = append(d.prefixes, prefix)
	}
	d.parser.Reset(data)
	table := ""
	for d.parser.NextExpression() {
		e := d.parser.Expression()
		switch e.Kind {
		case unstable.Table:
			table = d.header(e)
		case unstable.ArrayTable:
			table = d.header(e)
			d.report(table, e, "a list of tables is not a setting")
		default:
			d.keyValue(table, e)
		}
	}
	if err := d.parser.Error(); err != nil {
		d.syntax(err)
	}
	return d.values, d.problems
}

// header returns the prefix of the keys below a table's line.
func (d *document) header(e *unstable.Node) string {
	key, first := dotted("", e)
	for k := range d.fields {
		if strings.HasPrefix(k, key+".") {
			return key + "."
		}
	}
	if slices.Contains(d.prefixes, key+".") {
		return key + "."
	}
	d.unknown(key, first)
	return key + "."
}

func dotted(prefix string, e *unstable.Node) (key string, first *unstable.Node) {
	var parts []string
	keys := e.Key()
	for keys.Next() {
		if first == nil {
			first = keys.Node()
		}
		parts = append(parts, string(keys.Node().Data))
	}
	return prefix + strings.Join(parts, "."), first
}

func (d *document) keyValue(prefix string, e *unstable.Node) {
	key, first := dotted(prefix, e)
	value := e.Value()
	if _, known := d.fields[key]; !known && value.Kind == unstable.InlineTable {
		children := value.Children()
		for children.Next() {
			d.keyValue(key+".", children.Node())
		}
		return
	}
	f, known := d.fields[key]
	if !known {
		d.unknown(key, first)
		return
	}
	line := d.line(first)
	if before, twice := d.lines[key]; twice {
		d.report(key, first, fmt.Sprintf("already set in line %d", before))
		return
	}
	d.lines[key] = line
	in, ok := scalar(value)
	if value.Kind == unstable.Array {
		in, ok = list(value)
	}
	if in.failed = !ok; in.failed {
		d.report(key, first, "expected "+f.Accepts)
	}
	in.source = d.source(line)
	d.values[f.Path] = in
}

// scalar returns the text of a single value.
func scalar(n *unstable.Node) (input, bool) {
	switch n.Kind {
	case unstable.String, unstable.Bool:
		return input{text: string(n.Data)}, true
	case unstable.Integer, unstable.Float:
		return input{text: strings.ReplaceAll(string(n.Data), "_", "")}, true
	default:
		return input{}, false
	}
}

func list(n *unstable.Node) (input, bool) {
	in := input{isList: true}
	children := n.Children()
	for children.Next() {
		item, ok := scalar(children.Node())
		if !ok {
			return in, false
		}
		in.list = append(in.list, item.text)
	}
	return in, true
}

func (d *document) unknown(key string, at *unstable.Node) {
	for _, prefix := range d.prefixes {
		rest, inside := strings.CutPrefix(key, prefix)
		if name, _, _ := strings.Cut(rest, "."); inside && !entryNames.MatchString(name) {
			d.report(key, at, fmt.Sprintf("%q is no name: it has lower-case letters, digits, - and _", name))
			return
		}
	}
	d.report(key, at, "unknown key")
	d.problems[len(d.problems)-1].Suggestion = closest(key, d.keys)
}

func (d *document) report(key string, at *unstable.Node, text string) {
	d.problems = append(d.problems, Problem{Name: key, Source: d.source(d.line(at)), Expected: text})
}

// syntax reports where the file stops being TOML. The library's words are left out: they may quote a
// part of a secret.
func (d *document) syntax(err error) {
	source := Source{Layer: File, Place: d.path}
	if e, ok := errors.AsType[*unstable.ParserError](err); ok {
		source = d.source(d.parser.Shape(d.parser.Range(e.Highlight)).Start.Line)
	}
	d.problems = append(d.problems, Problem{Name: d.path, Source: source, Expected: "this line is not valid TOML"})
}

func (d *document) line(n *unstable.Node) int {
	if n == nil {
		return 1
	}
	return d.parser.Shape(n.Raw).Start.Line
}

func (d *document) source(line int) Source {
	return Source{Layer: File, Place: fmt.Sprintf("%s:%d", d.path, line)}
}
