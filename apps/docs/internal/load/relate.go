package load

import (
	"cmp"
	"go/types"
	"slices"
)

// relate finds out who implements what, and who imports whom.
//
// A type is held against every interface of the workspace, and against those of the packages
// that its own package imports: io.Writer is worth a mention where io is imported, and not
// every one of the standard library's interfaces everywhere.
func (w *Workspace) relate() {
	ours := map[*types.TypeName]*Symbol{}
	for _, p := range w.Packages {
		for _, s := range p.Types {
			if name, ok := s.object.(*types.TypeName); ok && isContract(name) {
				ours[name] = s
			}
		}
	}
	for _, p := range w.Packages {
		w.noteImports(p)
		interfaces := foreign(w, p)
		if builtin, ok := types.Universe.Lookup("error").(*types.TypeName); ok {
			interfaces = append(interfaces, builtin)
		}
		for name := range ours {
			interfaces = append(interfaces, name)
		}
		for _, s := range p.Types {
			w.compare(s, interfaces, ours)
		}
	}
	for _, p := range w.Packages {
		slices.SortFunc(p.ImportedBy, func(a, b *Package) int { return cmp.Compare(a.Dir, b.Dir) })
		for _, s := range p.Types {
			sortTargets(s.Implements)
			sortTargets(s.ImplementedBy)
		}
	}
}

func (w *Workspace) noteImports(p *Package) {
	for path := range p.loaded.Imports {
		if imported := w.byPath[path]; imported != nil {
			imported.ImportedBy = append(imported.ImportedBy, p)
		}
	}
}

// foreign returns the interfaces of the packages that p imports from elsewhere.
func foreign(w *Workspace, p *Package) []*types.TypeName {
	var found []*types.TypeName
	for _, imported := range p.loaded.Types.Imports() {
		if w.byPath[imported.Path()] != nil {
			continue
		}
		for _, name := range imported.Scope().Names() {
			if t, ok := imported.Scope().Lookup(name).(*types.TypeName); ok && t.Exported() && isContract(t) {
				found = append(found, t)
			}
		}
	}
	return found
}

// isContract says whether a name is an interface that a type can be held against: it asks for a
// method, and has no type parameters.
func isContract(name *types.TypeName) bool {
	i, ok := name.Type().Underlying().(*types.Interface)
	if !ok || i.NumMethods() == 0 || !i.IsMethodSet() {
		return false
	}
	named, ok := name.Type().(*types.Named)
	return ok && named.TypeParams().Len() == 0
}

func (w *Workspace) compare(s *Symbol, interfaces []*types.TypeName, ours map[*types.TypeName]*Symbol) {
	named, ok := s.object.Type().(*types.Named)
	if !ok || named.TypeParams().Len() > 0 {
		return
	}
	for _, contract := range interfaces {
		if contract == s.object {
			continue
		}
		methods, ok := contract.Type().Underlying().(*types.Interface)
		if !ok {
			continue
		}
		pointer, ok := satisfies(named, methods)
		if !ok {
			continue
		}
		s.Implements = append(s.Implements, target(contract, false))
		if known := ours[contract]; known != nil && !types.IsInterface(named) {
			known.ImplementedBy = append(known.ImplementedBy, target(named.Obj(), pointer))
		}
	}
}

// satisfies says whether a type, or else its pointer, implements an interface.
func satisfies(t *types.Named, contract *types.Interface) (pointer, ok bool) {
	if types.Implements(t, contract) {
		return false, true
	}
	return true, !types.IsInterface(t) && types.Implements(types.NewPointer(t), contract)
}

func target(name *types.TypeName, pointer bool) Target {
	if name.Pkg() == nil {
		return Target{Package: "builtin", Name: "builtin", Symbol: name.Name()}
	}
	return Target{Package: name.Pkg().Path(), Name: name.Pkg().Name(), Symbol: name.Name(), Pointer: pointer}
}

func sortTargets(targets []Target) {
	slices.SortFunc(targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Symbol, b.Symbol))
	})
}
