// Package revision shows the Go source of another commit than the one that is checked out, without checking it
// out: the working tree, with what differs in the place of what is there.
package revision

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"syscall"

	"magpie.build/tools/pipeline/internal/git"
	"magpie.build/tools/pipeline/internal/gosource"
)

// A Tree is the files of one commit. Safe for concurrent use, while nobody changes the working tree.
type Tree struct {
	root    string
	source  gosource.Config
	differ  map[string]git.Change      // from the working tree
	known   map[string]gosource.Header // of files that differ
	gone    map[string]bool            // files of the working tree that the commit does not have
	folders map[string][]fs.DirEntry   // what the commit has and the working tree has not, or differently
}

var _ gosource.Headers = (*Tree)(nil)

// Open returns the tree of a commit of the repository that root lies in. The source tells how to read the working tree: its Headers
// and ReadDir.
func Open(ctx context.Context, root, commit string, source gosource.Config) (*Tree, error) {
	changes, err := git.Diff(ctx, root, commit, "")
	if err != nil {
		return nil, err
	}
	t := &Tree{
		root: root, source: source, differ: make(map[string]git.Change, len(changes)),
		known: make(map[string]gosource.Header), gone: make(map[string]bool), folders: make(map[string][]fs.DirEntry),
	}
	var read []git.Change
	for _, c := range changes {
		t.differ[c.Name] = c
		switch {
		case c.Blob == "":
			t.gone[c.Name] = true
			continue
		case gosource.IsSource(c.Name) && (c.Mode == regular || c.Mode == executable):
			read = append(read, c)
		}
		t.add(c)
	}
	return t, t.readHeaders(ctx, read)
}

// Git's modes of files.
const (
	regular    = "100644"
	executable = "100755"
	link       = "120000"
)

// add lists a file in its folder, and that in its own, and so on.
func (t *Tree) add(c git.Change) {
	e := entry{name: path.Base(c.Name)}
	if c.Mode == link {
		e.mode = fs.ModeSymlink
	}
	for dir, made := path.Dir(c.Name), fs.DirEntry(e); ; dir, made = path.Dir(dir), fs.DirEntry(entry{name: path.Base(dir), mode: fs.ModeDir}) {
		known := slices.ContainsFunc(t.folders[dir], func(other fs.DirEntry) bool { return other.Name() == made.Name() })
		if !known {
			t.folders[dir] = append(t.folders[dir], made)
		}
		if known || dir == "." {
			return
		}
	}
}

func (t *Tree) readHeaders(ctx context.Context, changes []git.Change) error {
	var ids []string
	for _, c := range changes {
		ids = append(ids, c.Blob)
	}
	slices.Sort(ids)
	blobs, err := git.Blobs(ctx, t.root, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, c := range changes {
		t.known[c.Name] = gosource.ParseHeader(c.Name, blobs[c.Blob])
	}
	return nil
}

// Contents returns what those of the files hold in the commit that differ from the working tree: nil where the commit has none.
func (t *Tree) Contents(ctx context.Context, names []string) (map[string][]byte, error) {
	contents := make(map[string][]byte)
	var ids []string
	for _, name := range names {
		if c, ok := t.differ[name]; ok {
			contents[name] = nil
			if c.Blob != "" {
				ids = append(ids, c.Blob)
			}
		}
	}
	slices.Sort(ids)
	blobs, err := git.Blobs(ctx, t.root, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	for name := range contents {
		if id := t.differ[name].Blob; id != "" {
			contents[name] = append([]byte{}, blobs[id]...) // an empty file is one, too
		}
	}
	return contents, nil
}

// ReadDir lists a folder as [gosource.Config] wants it.
func (t *Tree) ReadDir(dir string) ([]fs.DirEntry, error) {
	listed, err := t.source.ReadDir(dir)
	there := t.folders[dir]
	if err != nil && (len(there) == 0 || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)) {
		return nil, err
	}
	listed = slices.DeleteFunc(slices.Clone(listed), func(e fs.DirEntry) bool {
		return t.gone[path.Join(dir, e.Name())] || slices.ContainsFunc(there, func(other fs.DirEntry) bool { return other.Name() == e.Name() })
	})
	listed = append(listed, there...)
	slices.SortFunc(listed, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return listed, nil
}

// Load returns what the beginning of a file says in the commit.
func (t *Tree) Load(name string) (gosource.Header, bool) {
	if header, ok := t.known[name]; ok {
		return header, true
	}
	return t.source.Headers.Load(name)
}

// Store keeps the header of a file that is the same in the working tree.
func (t *Tree) Store(name string, content []byte, header gosource.Header) {
	t.source.Headers.Store(name, content, header)
}

// An entry is a file or folder of the commit. It has no more to say than its name and kind.
type entry struct {
	name string
	mode fs.FileMode
}

func (e entry) Name() string               { return e.name }
func (e entry) IsDir() bool                { return e.mode.IsDir() }
func (e entry) Type() fs.FileMode          { return e.mode.Type() }
func (e entry) Info() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }
