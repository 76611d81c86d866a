// Package query answers small questions about tables of JSON objects, which are themselves JSON:
//
//	{"from": "tasks", "where": {"name": "build", "module": "apps/*"}, "select": ["id", "outputs"]}
//
// "from" names the table. "where" holds conditions by field, all of which have to be met; a list of such objects asks for
// one of them to be met. "select" names the fields of the answer, all of them without it. The answer is a list in the
// table's order.
//
// A condition is one of
//
//	"apps/*"              a text that the pattern matches: "*" within an element of a path, "**" over several
//	true, 3               that value
//	["build", "test"]     one of these conditions
//	{"contains": "text"}  a text that has this in it
//	{"not": condition}    anything else
//
// A field that is a list meets a condition where one of its elements does; a list inside it counts as its elements
// joined by spaces.
package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"magpie.build/tools/pipeline/internal/suggest"
)

// A Table is objects with the same fields.
type Table []map[string]any

// NewTable makes a table of values that encode to JSON objects.
func NewTable[T any](values []T) (Table, error) {
	data, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("make a table: %w", err)
	}
	table := Table{}
	if err := json.Unmarshal(data, &table); err != nil {
		return nil, fmt.Errorf("make a table: %w", err)
	}
	return table, nil
}

type query struct {
	From   string          `json:"from"`
	Where  json.RawMessage `json:"where"`
	Select []string        `json:"select"`
}

// Run answers the question that text asks. Errors name what the question has wrong, and what was probably meant.
func Run(text string, tables map[string]Table) (Table, error) {
	var q query
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return nil, fmt.Errorf("read the query: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read the query: there is more behind its end")
	}
	table, ok := tables[q.From]
	if !ok {
		return nil, fmt.Errorf("query: there is nothing called %q to select from%s", q.From, suggest.Hint(q.From, slices.Sorted(maps.Keys(tables))))
	}
	where, err := parseWhere(q.Where)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	if err := table.has(slices.Concat(q.Select, fields(where))); err != nil {
		return nil, fmt.Errorf("query: %s: %w", q.From, err)
	}
	answer := Table{}
	for _, row := range table {
		if meets(row, where) {
			answer = append(answer, pick(row, q.Select))
		}
	}
	return answer, nil
}

// has complains about the first of the names that is no field.
func (t Table) has(names []string) error {
	if len(t) == 0 {
		return nil
	}
	for _, name := range names {
		if _, ok := t[0][name]; !ok {
			return fmt.Errorf("there is no field %q%s", name, suggest.Hint(name, slices.Sorted(maps.Keys(t[0]))))
		}
	}
	return nil
}

func pick(row map[string]any, names []string) map[string]any {
	if len(names) == 0 {
		return row
	}
	picked := make(map[string]any, len(names))
	for _, name := range names {
		picked[name] = row[name]
	}
	return picked
}

// A condition reports whether a value that is no list meets it.
type condition func(value any) bool

// parseWhere reads one object of conditions or a list of them.
func parseWhere(data json.RawMessage) ([]map[string]condition, error) {
	if len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	var several []map[string]any
	if json.Unmarshal(data, &several) != nil {
		var one map[string]any
		if err := json.Unmarshal(data, &one); err != nil {
			return nil, fmt.Errorf("where: want an object of conditions, or a list of such: %w", err)
		}
		several = []map[string]any{one}
	}
	var where []map[string]condition
	for _, object := range several {
		conditions := make(map[string]condition, len(object))
		for field, value := range object {
			c, err := parseCondition(value)
			if err != nil {
				return nil, fmt.Errorf("where %s: %w", field, err)
			}
			conditions[field] = c
		}
		where = append(where, conditions)
	}
	return where, nil
}

func fields(where []map[string]condition) []string {
	var names []string
	for _, conditions := range where {
		names = append(names, slices.Sorted(maps.Keys(conditions))...)
	}
	return names
}

func meets(row map[string]any, where []map[string]condition) bool {
	return len(where) == 0 || slices.ContainsFunc(where, func(conditions map[string]condition) bool {
		for field, c := range conditions {
			if !c(row[field]) {
				return false
			}
		}
		return true
	})
}

func parseCondition(value any) (condition, error) {
	switch value := value.(type) {
	case string:
		if !doublestar.ValidatePattern(value) {
			return nil, fmt.Errorf("%q is no pattern", value)
		}
		return anyElement(func(text string) bool { return doublestar.MatchUnvalidated(value, text) }), nil
	case []any:
		return parseAny(value)
	case map[string]any:
		return parseOperator(value)
	default: // true, false, a number, null
		return func(got any) bool { return got == value }, nil
	}
}

func parseAny(values []any) (condition, error) {
	var all []condition
	for _, value := range values {
		c, err := parseCondition(value)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return func(got any) bool { return slices.ContainsFunc(all, func(c condition) bool { return c(got) }) }, nil
}

func parseOperator(object map[string]any) (condition, error) {
	if inner, ok := object["not"]; ok && len(object) == 1 {
		c, err := parseCondition(inner)
		if err != nil {
			return nil, err
		}
		return func(got any) bool { return !c(got) }, nil
	}
	if part, ok := object["contains"].(string); ok && len(object) == 1 {
		return anyElement(func(text string) bool { return strings.Contains(text, part) }), nil
	}
	return nil, errors.New(`want one of {"not": condition} and {"contains": "text"}`)
}

// anyElement makes a condition of one on texts: a list meets it with one of its elements.
func anyElement(match func(string) bool) condition {
	return func(got any) bool {
		switch got := got.(type) {
		case string:
			return match(got)
		case []any:
			return slices.ContainsFunc(got, func(element any) bool { return match(joined(element)) })
		}
		return false
	}
}

func joined(element any) string {
	list, ok := element.([]any)
	if !ok {
		return fmt.Sprint(element)
	}
	var words []string
	for _, word := range list {
		words = append(words, fmt.Sprint(word))
	}
	return strings.Join(words, " ")
}
