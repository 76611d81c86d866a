package workspace

// Alone returns the workspace as the go command sees a member with GOWORK=off: the member, and what its own replace
// directives put in folders. All else comes from elsewhere, also where it is a member here. Where that makes no difference
// to what the member imports, it is the workspace itself.
func (w *Workspace) Alone(m *Module) (*Workspace, error) {
	mod, err := w.readGoMod(m.Dir, m.Name)
	if err != nil {
		return nil, err
	}
	own := *m
	own.Requires = nil
	a := empty(w.Root, w.index)
	a.GoVersion, a.Modules, a.alone = m.GoVersion, []*Module{&own}, m.Name
	a.byName[own.Name], a.byPath[own.Path] = &own, &own
	a.requireVersions(mod.requires)
	a.replaceVersions(mod.replaces)
	a.readReplaced(localReplaces(m.Dir, mod.replaces))
	a.finish()
	if !w.IsVendored() && !a.IsVendored() && agree(w, a, m, make(map[*Module]bool)) {
		return w, nil
	}
	return a, nil
}

// agree reports whether all that a module requires from a workspace is the same for the member that stands alone.
func agree(w, alone *Workspace, m *Module, seen map[*Module]bool) bool {
	if seen[m] {
		return true
	}
	seen[m] = true
	for _, path := range m.requires {
		there, here := w.byPath[path], alone.byPath[path]
		switch {
		case there == nil && here == nil:
		case there == nil || here == nil || there.Dir != here.Dir || !agree(w, alone, there, seen):
			return false
		}
	}
	return true
}
