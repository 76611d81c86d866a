package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
)

// ErrHelp says that the command line asked for text instead of a run, and that the text is written.
var ErrHelp = errors.New("config: help was asked for")

// Options say where values come from. All but Name may be left out.
type Options struct {
	// Name is the program's name, such as "server". The file is named by the -config flag, or else by
	// the variable SERVER_CONFIG.
	Name string
	// Args is the command line without the program's name.
	Args []string
	// Env is the environment, in the form of os.Environ.
	Env []string
	// EnvPrefix goes before the name of every variable. With one, a variable that begins so and is
	// not known is a problem.
	EnvPrefix string
	// Source is the text of the Go file that declares the struct, for the comments of its fields.
	Source string
	// Stdout is where -help, -env-example and -print-config write. Nil means os.Stdout.
	Stdout io.Writer
}

// Validator is a struct with rules that no tag can say. [Load] asks it when every single value is right;
// errors that were joined are reported one by one. What it returns is printed, so it must quote no secret.
type Validator interface {
	Validate() error
}

// Load returns a T with every field at its value, and how each came to it.
//
// What is wrong with the input comes back as one [*Error] that holds every problem. It is [ErrHelp] after
// -help, -env-example and -print-config have written what they were asked for. Any other error is a
// mistake in the declaration of T.
func Load[T any](o Options) (T, Values, error) {
	var target T
	values, err := load(reflect.ValueOf(&target).Elem(), o)
	return target, values, err
}

func load(target reflect.Value, o Options) (Values, error) {
	shape, err := shapeOf(target, o.EnvPrefix)
	if err != nil {
		return nil, err
	}
	line, problems := parseFlags(o.Args, shape.fields)
	if line.has(helpFlag) || line.has(exampleFlag) {
		return nil, o.describe(target.Type(), line)
	}

	env := environ(o.Env)
	path, from := o.filePath(line, env)
	data, more := readFile(path, from)
	problems = append(problems, more...)
	entries, more, err := shape.expand(keysIn(data), env, o.EnvPrefix)
	if err != nil {
		return nil, err
	}
	problems = append(problems, more...)
	merged, more := parseFile(path, data, &shape)
	problems = append(problems, more...)
	fromEnv, more := readEnv(env, o, shape.fields)
	problems = append(problems, more...)
	problems = append(problems, shape.strayVariables(env, o.EnvPrefix)...)
	maps.Copy(merged, fromEnv)
	maps.Copy(merged, line.values)

	values, more := assign(shape.fields, merged)
	problems = append(problems, more...)
	for _, e := range entries {
		e.put()
	}
	if len(problems) == 0 {
		problems = validate(target)
	}
	if len(problems) > 0 {
		return values, &Error{Program: o.Name, Problems: problems}
	}
	if line.has(printFlag) {
		return values, o.print(values.String())
	}
	return values, nil
}

// assign gives each field the value of the highest layer that has one.
func assign(fields []field, merged layer) (Values, []Problem) {
	var values Values
	var problems []Problem
	for _, f := range fields {
		in, ok := merged[f.Path]
		if !ok {
			in = f.byDefault()
		}
		problems = append(problems, f.set(in)...)
		values = append(values, Value{Setting: f.Setting, Text: f.show(in.String()), Source: in.source})
	}
	return values, problems
}

func validate(target reflect.Value) []Problem {
	v, ok := reflect.TypeAssert[Validator](target.Addr())
	if !ok {
		return nil
	}
	var problems []Problem
	for _, err := range split(v.Validate()) {
		problems = append(problems, Problem{Expected: err.Error()})
	}
	return problems
}

// split undoes errors.Join.
func split(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// filePath returns where the file lies and who said so.
func (o Options) filePath(line commandLine, env map[string]string) (path string, from Source) {
	if path, ok := line.special[fileFlag]; ok {
		return path, Source{Layer: Flag, Place: "-" + fileFlag}
	}
	name := o.fileVariable()
	return env[name], Source{Layer: Environment, Place: name}
}

func (o Options) fileVariable() string {
	return strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_")) + "_CONFIG"
}

// describe writes the help page or the example, with the comments of the source where there is one.
func (o Options) describe(t reflect.Type, line commandLine) error {
	d := Description{}
	if o.Source != "" {
		var err error
		if d, err = Describe(o, t.Name()); err != nil {
			return err
		}
	} else {
		s, err := shapeOf(reflect.New(t).Elem(), o.EnvPrefix)
		if err != nil {
			return err
		}
		d.Settings = s.settings()
	}
	if line.has(exampleFlag) {
		return o.print(d.EnvExample())
	}
	return o.print(d.help(o))
}

// print writes what was asked for, and says that this was all.
func (o Options) print(text string) error {
	out := o.Stdout
	if out == nil {
		out = os.Stdout
	}
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	return ErrHelp
}

// A Value is a setting at the value that it has in this run.
type Value struct {
	Setting
	// Text is the value as one would write it in the environment; a secret or password is masked.
	Text string
	// Source is the layer that the value came from.
	Source Source
}

// Values are all values of a run, in the order of the struct.
type Values []Value

// String returns a table of names, values and sources.
func (v Values) String() string {
	rows := make([][]string, 0, len(v))
	for _, value := range v {
		rows = append(rows, []string{value.Env, value.Text, value.Source.String()})
	}
	return table(rows)
}

// table aligns all columns but the last.
func table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			widths = append(widths, make([]int, max(0, i+1-len(widths)))...)
			widths[i] = max(widths[i], len(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range slices.All(row) {
			if i == len(row)-1 {
				fmt.Fprintln(&b, cell)
				continue
			}
			fmt.Fprintf(&b, "%-*s  ", widths[i], cell)
		}
	}
	return b.String()
}
