package gosource

import (
	"cmp"
	"slices"
	"sync"

	"magpie.build/tools/pipeline/internal/hash"
)

// Sums hashes files. It may be called from many goroutines.
type Sums interface {
	// Add adds files to a key as they are, by name, kind and content.
	Add(h *hash.Hasher, names []string) error
	// AddCompiled adds what a package that imports theirs can notice of them.
	AddCompiled(h *hash.Hasher, names []string) error
	// AddExternal adds what decides the content of external packages that the named module imports.
	AddExternal(h *hash.Hasher, module string, imports []string) error
}

// digests are the sums of packages' closures: each package's files are added once, however many tasks reach it. What
// a package imports goes into its closure's sum by the sums of the imported closures.
type digests struct {
	mu       sync.Mutex
	closures map[string]*closureSum
}

// A closureSum is the sum of a package as importers see it, and of all that it imports.
type closureSum struct {
	at         location
	pkg        *pkg
	own, whole hash.Key
	index, low int // of Tarjan's algorithm; index counts from 1
	open       bool
}

// AddBuild adds to a key what `go build` of the packages reads: their own files as they are, of the packages that they
// import what can make a difference.
func (r *Reader) AddBuild(h *hash.Hasher, sums Sums, dirs ...string) error {
	return r.add(h, sums, dirs, false)
}

// AddTest is AddBuild for `go test`.
func (r *Reader) AddTest(h *hash.Hasher, sums Sums, dirs ...string) error {
	return r.add(h, sums, dirs, true)
}

func (r *Reader) add(h *hash.Hasher, sums Sums, dirs []string, tests bool) error {
	named, err := r.match(dirs)
	if err != nil {
		return err
	}
	slices.SortFunc(named, func(a, b location) int { return cmp.Compare(a.dir, b.dir) })
	for _, at := range slices.CompactFunc(named, func(a, b location) bool { return a.dir == b.dir }) {
		p, err := r.load(at)
		if err != nil {
			return err
		}
		if p.build.isEmpty() && (!tests || p.test.isEmpty()) {
			continue // the same as if it were not there
		}
		h.Add("package", at.dir)
		h.Add("clauses", p.clauses...)
		if err := r.addPart(h, sums, p, &p.build); err != nil {
			return err
		}
		if !tests {
			continue
		}
		h.Add("test")
		if err := r.addPart(h, sums, p, &p.test); err != nil {
			return err
		}
	}
	return nil
}

// member returns the name of the package's module, the root's where it has none.
func (p *pkg) member() string {
	if p.module == nil {
		return "."
	}
	return p.module.Name
}

// addPart adds the files of a part as they are, and what they import.
func (r *Reader) addPart(h *hash.Hasher, sums Sums, p *pkg, part *part) error {
	if err := sums.Add(h, part.files()); err != nil {
		return err
	}
	if len(part.external) > 0 {
		if err := sums.AddExternal(h, p.member(), part.external); err != nil {
			return err
		}
	}
	for _, imported := range part.imports {
		key, err := r.closureSum(sums, imported)
		if err != nil {
			return err
		}
		h.Add("imports", imported.dir, string(key[:]))
	}
	return nil
}

// closureSum returns the sum of a package's closure.
func (r *Reader) closureSum(sums Sums, at location) (hash.Key, error) {
	r.digests.mu.Lock()
	defer r.digests.mu.Unlock()
	if known := r.digests.closures[at.dir]; known != nil && !known.open {
		return known.whole, nil
	}
	v := visit{reader: r, sums: sums}
	c, err := v.enter(at)
	if err != nil {
		for _, left := range v.stack {
			delete(r.digests.closures, left.at.dir)
		}
		return hash.Key{}, err
	}
	return c.whole, nil
}

// A visit is one walk of Tarjan's algorithm: packages that import one another, which the compiler will refuse, have one
// sum between them.
type visit struct {
	reader *Reader
	sums   Sums
	count  int
	stack  []*closureSum
}

func (v *visit) enter(at location) (*closureSum, error) {
	known := v.reader.digests.closures
	if c := known[at.dir]; c != nil {
		return c, nil
	}
	v.count++
	c := &closureSum{at: at, index: v.count, low: v.count, open: true}
	known[at.dir] = c
	v.stack = append(v.stack, c)
	var err error
	if c.pkg, err = v.reader.load(at); err != nil {
		return nil, err
	}
	if c.own, err = v.reader.own(c.pkg, v.sums); err != nil {
		return nil, err
	}
	for _, imported := range c.pkg.build.imports {
		next, err := v.enter(imported)
		if err != nil {
			return nil, err
		}
		if next.open {
			c.low = min(c.low, next.low)
		}
	}
	if c.low == c.index {
		v.close(c)
	}
	return c, nil
}

// own returns the sum of the files of one package as importers see them.
func (r *Reader) own(p *pkg, sums Sums) (hash.Key, error) {
	p.summing.Do(func() { p.sum, p.sumErr = r.sumUp(p, sums) })
	return p.sum, p.sumErr
}

func (r *Reader) sumUp(p *pkg, sums Sums) (hash.Key, error) {
	sources, err := r.sumSources(p, sums)
	if err != nil {
		return hash.Key{}, err
	}
	h := hash.New("package")
	h.Add("sources", sources)
	h.Add("clauses", p.clauses...)
	if err := sums.AddCompiled(h, p.build.others); err != nil {
		return hash.Key{}, err
	}
	if len(p.build.external) > 0 {
		if err := sums.AddExternal(h, p.member(), p.build.external); err != nil {
			return hash.Key{}, err
		}
	}
	return h.Key(), nil
}

// sumSources sums up the files in the package's own folder.
func (r *Reader) sumSources(p *pkg, sums Sums) (string, error) {
	derive := func() (string, bool, error) {
		h := hash.New("sources")
		if err := sums.AddCompiled(h, p.build.paths()); err != nil {
			return "", false, err
		}
		key := h.Key()
		return string(key[:]), !p.unnoted, nil
	}
	if r.config.Memo == nil {
		text, _, err := derive()
		return text, err
	}
	return r.config.Memo(p.dir, r.label+" sources", derive)
}

// Prepare reads and sums packages, so that what adds them to keys later finds them ready. It may be called for many
// modules at once.
func (r *Reader) Prepare(sums Sums, dirs ...string) error {
	named, err := r.match(dirs)
	if err != nil {
		return err
	}
	for _, at := range named {
		p, err := r.load(at)
		if err != nil {
			return err
		}
		if _, err := r.own(p, sums); err != nil {
			return err
		}
	}
	return nil
}

// close sums up the packages on the stack from root on: mostly root alone.
func (v *visit) close(root *closureSum) {
	from := slices.Index(v.stack, root)
	members := slices.Clone(v.stack[from:])
	v.stack = v.stack[:from]
	slices.SortFunc(members, func(a, b *closureSum) int { return cmp.Compare(a.at.dir, b.at.dir) })
	for _, c := range members {
		c.open = false
	}
	h := hash.New("closure")
	for _, c := range members {
		h.Add("package", c.at.dir, string(c.own[:]))
		for _, imported := range c.pkg.build.imports {
			if next := v.reader.digests.closures[imported.dir]; !slices.Contains(members, next) {
				h.Add("imports", imported.dir, string(next.whole[:]))
			} else {
				h.Add("cycle", imported.dir)
			}
		}
	}
	key := h.Key()
	for _, c := range members {
		c.whole = key
	}
}

// Reads reports whether one of the packages, or one of the same module that they import, reads a file that match holds.
// With tests, their tests count too.
func (r *Reader) Reads(match func(name string) bool, tests bool, dirs ...string) (bool, error) {
	named, err := r.match(dirs)
	if err != nil {
		return false, err
	}
	seen := make(map[string]bool)
	var reads func(at location, tests bool) (bool, error)
	reads = func(at location, tests bool) (bool, error) {
		if seen[at.dir] && !tests {
			return false, nil
		}
		seen[at.dir] = true
		p, err := r.load(at)
		if err != nil {
			return false, err
		}
		parts := []*part{&p.build}
		if tests {
			parts = append(parts, &p.test)
		}
		for _, part := range parts {
			if slices.ContainsFunc(part.files(), match) {
				return true, nil
			}
			for _, imported := range part.imports {
				if imported.module != at.module {
					continue
				}
				if found, err := reads(imported, false); found || err != nil {
					return found, err
				}
			}
		}
		return false, nil
	}
	for _, at := range named {
		if found, err := reads(at, tests); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// Packages returns the folders of the packages that patterns stand for, sorted.
func (r *Reader) Packages(dirs ...string) ([]string, error) {
	named, err := r.match(dirs)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, at := range named {
		folders = append(folders, at.dir)
	}
	slices.Sort(folders)
	return slices.Compact(folders), nil
}

// A Package is one of a closure.
type Package struct {
	// Dir is its folder and Module the name of its module.
	Dir, Module string
	// Named says that it was asked for, so that its files count as they are.
	Named bool
	// Files are what it consists of, External what it imports from elsewhere.
	Files, External []string
	// Sum is that of what importers see of it.
	Sum hash.Key
}

// Closure returns the packages, with their tests if asked for, and all that they import.
func (r *Reader) Closure(sums Sums, tests bool, dirs ...string) ([]Package, error) {
	named, err := r.match(dirs)
	if err != nil {
		return nil, err
	}
	var all []Package
	seen := make(map[string]bool)
	var add func(at location, isNamed bool) error
	add = func(at location, isNamed bool) error {
		if seen[at.dir] {
			return nil
		}
		seen[at.dir] = true
		p, err := r.load(at)
		if err != nil {
			return err
		}
		parts := []*part{&p.build}
		if isNamed && tests {
			parts = append(parts, &p.test)
		}
		one := Package{Dir: at.dir, Module: p.member(), Named: isNamed}
		if one.Sum, err = r.own(p, sums); err != nil {
			return err
		}
		for _, part := range parts {
			one.Files = append(one.Files, part.files()...)
			one.External = append(one.External, part.external...)
		}
		all = append(all, one)
		for _, part := range parts {
			for _, imported := range part.imports {
				if err := add(imported, slices.Contains(named, imported)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, at := range named {
		if err := add(at, true); err != nil {
			return nil, err
		}
	}
	return all, nil
}
