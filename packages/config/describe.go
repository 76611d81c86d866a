package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"strconv"
	"strings"
)

// A Description is what a struct declares, with its comments.
type Description struct {
	// Doc is the comment of the struct.
	Doc string
	// Settings stand in the order of the fields.
	Settings []Setting
}

// Describe reads the struct typeName from the Go file that is the text o.Source, so that a reference can
// be printed without importing the program. Of the options it uses Source and EnvPrefix. A nested struct
// must be declared in the same file.
func Describe(o Options, typeName string) (Description, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", o.Source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return Description{}, fmt.Errorf("describe %s: %w", typeName, err)
	}
	r := reader{decls: map[string]declared{}, envPrefix: o.EnvPrefix}
	r.collect(file)
	d := r.decls[typeName]
	if d.structure() == nil {
		return Description{}, fmt.Errorf("describe %s: the source declares no struct of this name", typeName)
	}
	out := Description{Doc: strings.TrimSpace(d.doc)}
	if out.Settings, err = r.fields(d.structure(), scope{}); err != nil {
		return out, fmt.Errorf("describe %s: %w", typeName, err)
	}
	return out, nil
}

// A declared is a type of the file.
type declared struct {
	expr          ast.Expr
	doc           string
	unmarshalText bool
}

func (d declared) structure() *ast.StructType {
	s, _ := d.expr.(*ast.StructType)
	return s
}

// A reader turns syntax into settings as walk turns types into fields.
type reader struct {
	decls     map[string]declared
	envPrefix string
}

func (r *reader) collect(file *ast.File) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			r.collectTypes(decl)
		case *ast.FuncDecl:
			if decl.Recv != nil && decl.Name.Name == "UnmarshalText" {
				name := strings.TrimPrefix(types.ExprString(decl.Recv.List[0].Type), "*")
				d := r.decls[name]
				d.unmarshalText = true
				r.decls[name] = d
			}
		}
	}
}

func (r *reader) collectTypes(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		d := r.decls[spec.Name.Name]
		d.expr, d.doc = spec.Type, decl.Doc.Text()+spec.Doc.Text()
		r.decls[spec.Name.Name] = d
	}
}

func (r *reader) fields(s *ast.StructType, in scope) ([]Setting, error) {
	var settings []Setting
	for _, f := range s.Fields.List {
		tag, err := tagOf(f)
		if err != nil {
			return nil, err
		}
		for _, name := range namesOf(f) {
			if tag.Get("env") == "-" || !ast.IsExported(name) {
				continue
			}
			typ, inner, repeated := r.resolve(f.Type)
			if inner != nil {
				scope := in.nested(name, tag, len(f.Names) == 0)
				if repeated {
					scope = in.repeat(name, tag)
				}
				more, err := r.fields(inner, scope)
				if err != nil {
					return nil, err
				}
				settings = append(settings, more...)
				continue
			}
			setting, _, err := in.setting(name, typ, tag, r.envPrefix)
			if err != nil {
				return nil, err
			}
			setting.Doc = strings.TrimSpace(f.Doc.Text() + f.Comment.Text())
			settings = append(settings, setting)
		}
	}
	return settings, nil
}

func tagOf(f *ast.Field) (reflect.StructTag, error) {
	if f.Tag == nil {
		return "", nil
	}
	text, err := strconv.Unquote(f.Tag.Value)
	return reflect.StructTag(text), err
}

// namesOf returns the field's names; an embedded one is named by its type.
func namesOf(f *ast.Field) []string {
	if len(f.Names) == 0 {
		name := types.ExprString(f.Type)
		return []string{name[strings.LastIndexAny(name, ".*")+1:]}
	}
	names := make([]string, len(f.Names))
	for i, ident := range f.Names {
		names[i] = ident.Name
	}
	return names
}

// resolve returns the name that [Setting] gives to a type, or the struct that it is, or that it is a map
// to.
func (r *reader) resolve(expr ast.Expr) (name string, inner *ast.StructType, repeated bool) {
	switch expr := expr.(type) {
	case *ast.StructType:
		return "", expr, false
	case *ast.MapType:
		name, inner, _ = r.resolve(expr.Value)
		return name, inner, inner != nil
	}
	text := types.ExprString(expr)
	if d, ok := r.decls[text]; ok && !d.unmarshalText && d.expr != expr {
		return r.resolve(d.expr)
	}
	switch text {
	case "config.Secret":
		return "secret", nil, false
	case "time.Duration":
		return "duration", nil, false
	case "*url.URL":
		return "url", nil, false
	case "[]string":
		return "list", nil, false
	case "int8", "int16", "int32", "int64", "rune":
		return "int", nil, false
	case "uint8", "uint16", "uint32", "uint64", "byte":
		return "uint", nil, false
	case "float32", "float64":
		return "float", nil, false
	}
	return text, nil, false
}
