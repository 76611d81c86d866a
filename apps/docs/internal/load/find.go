package load

import (
	"go/token"
	"go/types"
)

// A Target names a symbol of any package, of this workspace or not.
type Target struct {
	// Package is the import path, and Name the package's own name.
	Package, Name string
	// Symbol is empty for the package itself; a method's or a field's is Hub.Publish.
	Symbol string
	// Pointer says, of a type in a relation, that its pointer is meant.
	Pointer bool
}

// Find names the place of an object. It answers false for what has none: locals, unexported
// names, fields of unnamed types.
func (w *Workspace) Find(obj types.Object) (Target, bool) {
	if obj == nil || obj.Pkg() == nil {
		return Target{}, false
	}
	if name, ok := obj.(*types.PkgName); ok {
		return Target{Package: name.Imported().Path(), Name: name.Imported().Name()}, true
	}
	if !linkable(obj) {
		return Target{}, false
	}
	t := Target{Package: obj.Pkg().Path(), Name: obj.Pkg().Name(), Symbol: obj.Name()}
	switch o := obj.(type) {
	case *types.Func:
		recv := o.Signature().Recv()
		if recv == nil {
			return t, true
		}
		return t.in(namedOf(recv.Type()))
	case *types.Var:
		if !o.IsField() {
			return t, true
		}
		if o.Embedded() || w.byPath[t.Package] == nil {
			return Target{}, false // named by its type, or by an owner that is not known here
		}
		return t.in(w.fields[o.Pos()])
	}
	return t, true
}

// FileOf returns the file of the workspace that declares an object, or nil.
func (w *Workspace) FileOf(obj types.Object) *File {
	p := w.byPath[obj.Pkg().Path()]
	if p == nil {
		return nil
	}
	name, _ := w.where(obj.Pos())
	for _, f := range p.Files {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// in puts a member below its type.
func (t Target) in(owner string) (Target, bool) {
	if owner == "" || !token.IsExported(owner) {
		return Target{}, false
	}
	t.Symbol = owner + "." + t.Symbol
	return t, true
}

// namedOf returns the name of a type or of what it points to, or "".
func namedOf(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// indexFields notes which type each struct field is declared in. Fields are known by their
// position, as an instance of a generic type has fields of its own.
func (w *Workspace) indexFields() {
	w.fields = map[token.Pos]string{}
	declared := map[token.Pos]token.Pos{}
	for _, p := range w.Packages {
		scope := p.Checked().Scope()
		for _, name := range scope.Names() {
			t, ok := scope.Lookup(name).(*types.TypeName)
			if !ok {
				continue
			}
			s, ok := t.Type().Underlying().(*types.Struct)
			if !ok {
				continue
			}
			for field := range s.Fields() {
				// "type B A" shares A's fields: they belong to the declaration right above them.
				if t.Pos() < field.Pos() && t.Pos() > declared[field.Pos()] {
					w.fields[field.Pos()], declared[field.Pos()] = name, t.Pos()
				}
			}
		}
	}
}
