package gokey

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
	"magpie.build/tools/pipeline/internal/workspace"
)

// Checksums are the lines of all go.sum files of a workspace, which the go command takes together, by the module that they
// are about: a task is concerned by those of the modules that its packages import, and of those that these import in turn.
// It does not change; safe for concurrent use.
type Checksums struct {
	of      hash.Key          // what they were made of
	digests map[string]string // by module path, of its lines and of those of what it leads to; empty where nobody knows what that is
}

// ReadChecksums returns the checksums that hold with these versions. Where a module leads is read in the go.mod files of the
// module cache, once for each state of the workspace: it is kept in a file, so that keys come out the same when the
// cache is filled or emptied. Earlier is what was read before, or nil.
func ReadChecksums(ws *workspace.Workspace, files *hash.Index, versions hash.Key, cache, file string, earlier *Checksums) (*Checksums, error) {
	s := sumFiles{workspace: ws, index: files}
	of, err := s.key(versions, cache)
	if err != nil {
		return nil, err
	}
	if earlier != nil && earlier.of == of {
		return earlier, nil
	}
	states := openChecksums(file)
	if kept := unpackChecksums(states, of); kept != nil {
		return kept, nil
	}
	c, err := s.checksums(of, cache)
	if err != nil {
		return nil, err
	}
	c.save(file, states)
	return c, nil
}

// ReadChecksumsOf is ReadChecksums for another state of the workspace, in which some of the files hold something else: nil
// where there is no such file. It keeps nothing.
func ReadChecksumsOf(ws *workspace.Workspace, files *hash.Index, versions hash.Key, cache, file string, instead map[string][]byte) (*Checksums, error) {
	s := sumFiles{workspace: ws, index: files, instead: instead}
	of, err := s.key(versions, cache)
	if err != nil {
		return nil, err
	}
	if kept := unpackChecksums(openChecksums(file), of); kept != nil {
		return kept, nil
	}
	return s.checksums(of, cache)
}

// SumFiles names the files that hold the checksums of a workspace, relative to the root. They need not exist.
func SumFiles(ws *workspace.Workspace) []string {
	names := []string{"go.work.sum"}
	for _, m := range ws.Modules {
		names = append(names, path.Join(m.Name, "go.sum"))
	}
	return names
}

// sumFiles are the files that hold the checksums of a workspace, as they are or in another state.
type sumFiles struct {
	workspace *workspace.Workspace
	index     *hash.Index
	instead   map[string][]byte
}

// key tells the states of the files apart.
func (s sumFiles) key(versions hash.Key, cache string) (hash.Key, error) {
	h := hash.New("go.sum lines 1")
	h.Add("read with", string(versions[:]), cache)
	for _, name := range SumFiles(s.workspace) {
		if text, ok := s.instead[name]; ok {
			if text != nil {
				sum := sha256.Sum256(text)
				h.Add("file", name, string(sum[:]))
			}
			continue
		}
		switch at, err := s.index.File(name); {
		case err == nil:
			h.Add("file", name, string(at.Content[:]))
		case !hash.Missing(err):
			return hash.Key{}, err
		}
	}
	return h.Key(), nil
}

// checksums reads the files and finds out where the modules lead.
func (s sumFiles) checksums(of hash.Key, cache string) (*Checksums, error) {
	ws := s.workspace
	l := lines{workspace: ws, cache: ws.ModuleCache(cache), of: make(map[string][]string), source: make(map[string][]string), mods: make(map[module.Version]string)}
	for _, name := range SumFiles(ws) {
		text, ok := s.instead[name]
		if !ok {
			var err error
			if text, err = os.ReadFile(ws.Abs(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		l.read(string(text))
	}
	return &Checksums{of: of, digests: l.digests()}, nil
}

// Add adds to a key the lines that concern packages which import others from elsewhere. It reports whether it knows them all.
func (c *Checksums) Add(h *hash.Hasher, imports []string) bool {
	for _, name := range imports {
		found := false
		for at := name; at != "."; at = path.Dir(at) {
			if digest, ok := c.digests[at]; ok && digest == "" {
				return false
			} else if ok {
				found = true
				h.Add("checksum", at, digest)
			}
		}
		if !found { // no module has it, and the go command refuses it: until there is a line
			h.Add("no checksum", name)
		}
	}
	return true
}

// lines are those of go.sum files.
type lines struct {
	workspace *workspace.Workspace
	cache     *workspace.ModuleCache
	of        map[string][]string       // all of a module
	source    map[string][]string       // versions whose source has a line, by module
	mods      map[module.Version]string // sums of go.mod files
}

func (l *lines) read(text string) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue // the go command refuses it
		}
		name, version := fields[0], fields[1]
		l.of[name] = append(l.of[name], strings.Join(fields, " "))
		if of, isMod := strings.CutSuffix(version, "/go.mod"); !isMod {
			l.source[name] = append(l.source[name], version)
		} else if strings.HasPrefix(fields[2], "h1:") {
			l.mods[module.Version{Path: name, Version: of}] = fields[2]
		}
	}
}

// names are the modules whose source may be what packages of the named one are made of.
func (l *lines) names(name string) []string { return append(l.workspace.Instead(name), name) }

// known reports whether there is source that packages of a module may be made of.
func (l *lines) known(name string) bool {
	return slices.ContainsFunc(l.names(name), func(name string) bool { return len(l.source[name]) > 0 })
}

func (l *lines) digests() map[string]string {
	digests := make(map[string]string)
	for _, name := range slices.Concat(l.paths(), l.workspace.WithInstead()) {
		if l.known(name) {
			digests[name] = l.digest(name)
		}
	}
	return digests
}

func (l *lines) paths() []string {
	var paths []string
	for name := range l.source {
		paths = append(paths, name)
	}
	return paths
}

// digest sums up the lines of a module and of all that it leads to. It is empty where that cannot be told.
func (l *lines) digest(name string) string {
	seen := map[string]bool{name: true}
	var all []string
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		for _, at := range l.names(queue[0]) {
			all = append(all, l.of[at]...)
			next, ok := l.next(at)
			if !ok {
				return ""
			}
			for _, to := range next {
				if !seen[to] && l.known(to) {
					seen[to] = true
					queue = append(queue, to)
				}
			}
		}
	}
	slices.Sort(all)
	h := hash.New("lines")
	h.Add("lines", slices.Compact(all)...)
	key := h.Key()
	return string(key[:])
}

// next returns the modules that packages of one may import, whichever of its versions is selected: one of those that have
// lines, and none lower than a go.mod of the workspace requires. Versions above that need not be in the module cache: a build
// puts the one that it takes there, so that the key of what it stored does not come out again without it.
func (l *lines) next(name string) (modules []string, ok bool) {
	least := l.workspace.AtLeast(name)
	found := len(l.source[name]) == 0
	for _, version := range l.source[name] {
		if least != "" && semver.Compare(version, least) < 0 {
			continue
		}
		at := module.Version{Path: name, Version: version}
		needs, ok := l.cache.Needs(at, l.mods[at])
		if !ok && version == least {
			return nil, false
		}
		found = found || ok
		modules = append(modules, needs.Modules...)
		for _, imported := range needs.Imports {
			for at := imported; at != "."; at = path.Dir(at) {
				modules = append(modules, at)
			}
		}
	}
	return modules, found
}

const (
	checksumsHeading = "magpie checksums 2\n"
	// checksumStates is for how many states of a workspace checksums are kept: those of the branches between which people go.
	checksumStates = 32
)

// openChecksums reads the states that are kept, the latest first: what they were made of and the packed digests in turn. Where
// there is no such file, or not a whole one, there are none.
func openChecksums(file string) []string {
	data, err := os.ReadFile(file)
	text, ok := strings.CutPrefix(string(data), checksumsHeading)
	if err != nil || !ok || len(text) < sha256.Size {
		return nil
	}
	if sum := sha256.Sum256([]byte(text[sha256.Size:])); string(sum[:]) != text[:sha256.Size] {
		return nil
	}
	r := packed.Reader{Data: text[sha256.Size:]}
	states := r.Strings()
	if r.Broken || len(states)%2 != 0 {
		return nil
	}
	return states
}

// unpackChecksums finds a state among those that are kept, and returns nil where it is none of them.
func unpackChecksums(states []string, of hash.Key) *Checksums {
	for state := range slices.Chunk(states, 2) {
		if state[0] != string(of[:]) {
			continue
		}
		c := &Checksums{of: of, digests: make(map[string]string)}
		r := packed.Reader{Data: state[1]}
		for r.More() {
			name := r.String()
			c.digests[name] = r.String()
		}
		if r.Broken {
			return nil
		}
		return c
	}
	return nil
}

// save keeps the checksums beside those of other states. Where that fails they are read again the next time.
func (c *Checksums) save(file string, states []string) {
	var own []byte
	for name, digest := range c.digests {
		own = packed.AppendString(packed.AppendString(own, name), digest)
	}
	states = append([]string{string(c.of[:]), string(own)}, states...)
	out := packed.AppendStrings(nil, states[:min(len(states), 2*checksumStates)])
	sum := sha256.Sum256(out)
	_ = hash.WriteFile(file, slices.Concat([]byte(checksumsHeading), sum[:], out))
}
