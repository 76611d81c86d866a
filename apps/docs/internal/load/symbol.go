package load

import (
	"go/ast"
	"go/doc"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Kind says what a symbol is.
type Kind string

// The kinds of symbols, in a reader's words.
const (
	Const  Kind = "constant"
	Var    Kind = "variable"
	Func   Kind = "function"
	Type   Kind = "type"
	Method Kind = "method"
	Field  Kind = "field"
)

// A Symbol is one exported declaration of a package. A group of constants or variables is one
// symbol with several names.
type Symbol struct {
	// Names are what the declaration declares; a method's is Hub.Publish. They are unique in
	// their package.
	Names []string
	Kind  Kind
	// Decl is the declaration without its comment and body, reduced to what is exported.
	Decl ast.Decl
	Doc  string
	// Deprecated says what to use instead, or is empty.
	Deprecated string
	// File and Line say where the declaration stands.
	File string
	Line int

	Examples []*Example

	// What follows is of types only.

	Consts, Vars, Funcs, Methods []*Symbol
	// Members are a struct's exported fields or an interface's methods.
	Members []Member
	// Implements are interfaces that the type satisfies, itself or by its pointer;
	// ImplementedBy the workspace's types that satisfy it.
	Implements, ImplementedBy []Target

	object types.Object
}

// A Member is an exported field of a struct or a method of an interface.
type Member struct {
	Name string
	Kind Kind // Field or Method
	Doc  string
	// Type is the field's type or the method's signature.
	Type types.Type
	Tag  string

	ident *ast.Ident
}

// Declares says whether the member is the one that an identifier declares.
func (m Member) Declares(ident *ast.Ident) bool { return m.ident == ident }

// Name is the symbol's first name, by which its page entry is reached.
func (s *Symbol) Name() string { return s.Names[0] }

// describe turns what go/doc found into symbols.
func (p *Package) describe(w *Workspace) {
	p.Consts = p.values(w, Const, p.doc.Consts)
	p.Vars = p.values(w, Var, p.doc.Vars)
	p.Funcs = p.funcs(w, p.doc.Funcs)
	p.Examples = w.examples(p.doc.Examples)
	for _, t := range p.doc.Types {
		s := p.symbol(w, Type, t.Decl, t.Decl.Specs[0].Pos(), t.Doc, t.Name)
		s.Consts = p.values(w, Const, t.Consts)
		s.Vars = p.values(w, Var, t.Vars)
		s.Funcs = p.funcs(w, t.Funcs)
		s.Methods = p.funcs(w, t.Methods)
		s.Examples = w.examples(t.Examples)
		s.Members = p.members(t.Decl)
		s.object = p.Checked().Scope().Lookup(t.Name)
		p.Types = append(p.Types, s)
	}
}

func (p *Package) symbol(w *Workspace, kind Kind, decl ast.Decl, pos token.Pos, text string, names ...string) *Symbol {
	file, line := w.where(pos)
	return &Symbol{Names: names, Kind: kind, Decl: decl, Doc: text, Deprecated: deprecation(text), File: file, Line: line}
}

func (p *Package) values(w *Workspace, kind Kind, values []*doc.Value) []*Symbol {
	var symbols []*Symbol
	for _, v := range values {
		names := slices.DeleteFunc(slices.Clone(v.Names), func(name string) bool { return !token.IsExported(name) })
		if len(names) > 0 {
			symbols = append(symbols, p.symbol(w, kind, v.Decl, v.Decl.Pos(), v.Doc, names...))
		}
	}
	return symbols
}

func (p *Package) funcs(w *Workspace, funcs []*doc.Func) []*Symbol {
	symbols := make([]*Symbol, 0, len(funcs))
	for _, f := range funcs {
		kind, name := Func, f.Name
		if f.Recv != "" {
			kind, name = Method, receiver(f.Recv)+"."+f.Name
		}
		s := p.symbol(w, kind, f.Decl, f.Decl.Pos(), f.Doc, name)
		s.Examples = w.examples(f.Examples)
		symbols = append(symbols, s)
	}
	return symbols
}

// receiver returns the bare type name of a receiver such as *Cache[K, V].
func receiver(recv string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(recv, "*"), "[")
	return name
}

func (p *Package) members(decl *ast.GenDecl) []Member {
	spec, ok := decl.Specs[0].(*ast.TypeSpec)
	if !ok {
		return nil
	}
	var list *ast.FieldList
	kind := Field
	switch t := spec.Type.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list, kind = t.Methods, Method
	default:
		return nil
	}
	var members []Member
	for _, field := range list.List {
		for _, name := range field.Names {
			if !name.IsExported() {
				continue
			}
			m := Member{Name: name.Name, Kind: kind, Doc: fieldDoc(field), ident: name}
			if obj := p.Info().Defs[name]; obj != nil {
				m.Type = obj.Type()
			}
			if field.Tag != nil {
				m.Tag = field.Tag.Value
			}
			members = append(members, m)
		}
	}
	return members
}

func fieldDoc(field *ast.Field) string {
	return strings.TrimSpace(field.Doc.Text() + field.Comment.Text())
}

func (w *Workspace) where(pos token.Pos) (file string, line int) {
	position := w.fset.Position(pos)
	file, err := w.rel(position.Filename)
	if err != nil {
		return "", 0
	}
	return file, position.Line
}
