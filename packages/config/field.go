package config

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// A field is a setting together with the variable that it fills.
type field struct {
	Setting
	rules  rules
	target reflect.Value
}

// An input is a value as some layer wrote it.
type input struct {
	text   string
	list   []string // set instead of text by an array in the file
	isList bool
	source Source
	failed bool // reported already; the setting stays as it is
}

// String returns the input in the form of the environment.
func (in input) String() string {
	if in.isList {
		return strings.Join(in.list, ",")
	}
	return in.text
}

// items returns the input as a list.
func (in input) items() []string {
	if in.isList {
		return in.list
	}
	if in.text == "" {
		return nil
	}
	items := strings.Split(in.text, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	return items
}

// A layer holds inputs by the path of their field.
type layer map[string]input

// A shape is what a struct has to be filled: fields, those of nested structs in their place, and groups,
// whose fields depend on the input.
type shape struct {
	fields []field
	groups []group
}

func shapeOf(target reflect.Value, envPrefix string) (shape, error) {
	var s shape
	if target.Kind() != reflect.Struct {
		return s, fmt.Errorf("config: %s is not a struct", target.Type())
	}
	if err := s.walk(target, scope{}, envPrefix); err != nil {
		return s, err
	}
	return s, distinct(s.settings())
}

// settings returns all that the shape declares, the settings of groups under a name that stands for any.
func (s *shape) settings() []Setting {
	var settings []Setting
	for _, f := range s.fields {
		settings = append(settings, f.Setting)
	}
	for _, g := range s.groups {
		settings = append(settings, g.settings...)
	}
	return settings
}

func (s *shape) walk(target reflect.Value, in scope, envPrefix string) error {
	for sf, v := range target.Fields() {
		if sf.Tag.Get("env") == "-" || !sf.IsExported() {
			continue
		}
		typ, err := typeName(sf.Type)
		if err != nil {
			return fmt.Errorf("config: field %s%s: %w", in.path, sf.Name, err)
		}
		switch typ {
		case structType:
			err = s.walk(v, in.nested(sf.Name, sf.Tag, sf.Anonymous), envPrefix)
		case groupType:
			var g group
			g, err = newGroup(v, in.repeat(sf.Name, sf.Tag), envPrefix)
			s.groups = append(s.groups, g)
		default:
			f := field{target: v}
			f.Setting, f.rules, err = in.setting(sf.Name, typ, sf.Tag, envPrefix)
			s.fields = append(s.fields, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// distinct refuses two fields of one name, and names that the package itself uses.
func distinct(settings []Setting) error {
	seen := map[string]string{}
	for _, name := range reserved {
		seen["-"+name] = "the package itself"
	}
	for _, s := range settings {
		names := []string{s.Env, s.Key}
		switch {
		case s.Secret():
			names = append(names, s.Env+"_FILE")
		case s.Flag != "":
			names = append(names, "-"+s.Flag)
		}
		for _, name := range names {
			if by, taken := seen[name]; taken && by != s.Path {
				return fmt.Errorf("config: field %s: the name %s is taken by %s", s.Path, name, by)
			}
			seen[name] = s.Path
		}
	}
	return nil
}

const (
	structType = "struct"
	groupType  = "map"
)

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	secretType      = reflect.TypeFor[Secret]()
	durationType    = reflect.TypeFor[time.Duration]()
	urlType         = reflect.TypeFor[*url.URL]()
	listType        = reflect.TypeFor[[]string]()
)

// typeName returns the name that [Setting] gives to a type.
func typeName(t reflect.Type) (string, error) {
	switch t {
	case secretType:
		return "secret", nil
	case durationType:
		return "duration", nil
	case urlType:
		return "url", nil
	case listType:
		return "list", nil
	}
	switch {
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		return t.String(), nil
	case t.Kind() == reflect.String, t.Kind() == reflect.Bool, t.Kind() == reflect.Struct:
		return t.Kind().String(), nil
	case t.Kind() == reflect.Map && t.Key() == reflect.TypeFor[string]() && t.Elem().Kind() == reflect.Struct:
		return groupType, nil
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		return "int", nil
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		return "uint", nil
	case t.Kind() == reflect.Float32, t.Kind() == reflect.Float64:
		return "float", nil
	}
	return "", fmt.Errorf("the type %s cannot be configured", t)
}

// byDefault returns the input that stands when no layer has one.
func (f field) byDefault() input { return input{text: f.Default} }

// set parses and checks in, and stores it when it is right.
func (f field) set(in input) []Problem {
	if in.failed {
		return nil
	}
	if in.String() == "" {
		if f.rules.required {
			return []Problem{f.problem(in, "required: "+f.Accepts)}
		}
		if in.source.Layer == Default {
			return nil
		}
	}
	value := reflect.New(f.target.Type()).Elem()
	if err := parse(value, f.Type, in); err != nil || !f.rules.hold(value, in) {
		return []Problem{f.problem(in, "expected "+f.Accepts)}
	}
	f.target.Set(value)
	return nil
}

func (f field) problem(in input, expected string) Problem {
	p := Problem{Name: f.Env, Source: in.source, Expected: expected}
	switch in.source.Layer {
	case File:
		p.Name = f.Key
	case Flag:
		p.Name = "-" + f.Flag
	case Default, Environment:
	}
	if !f.Secret() && in.source.Layer != Default {
		p.Found = fmt.Sprintf("%q", f.show(in.String()))
	}
	return p
}

// show masks what must not be seen of a value.
func (f field) show(text string) string {
	if f.Secret() {
		return NewSecret(text).String()
	}
	return maskPasswords(text)
}
