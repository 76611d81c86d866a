// Package workspacetest writes Go workspaces at random and edits them at random, for tests that compare the engine with
// the go command. The same seed gives the same workspace and the same edits.
package workspacetest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A File is a file or, where Link is not empty, a link.
type File struct {
	Text       string
	Link       string
	Executable bool

	source *source // what a Go file says, for edits that change a part of it
}

// A Tree is a workspace's files by their names relative to its root, and the variables of its environment.
type Tree struct {
	Files map[string]File
	Env   map[string]string
}

// An Op changes one file or one variable.
type Op struct {
	// Name is the file's, or the variable's.
	Name string
	// IsVariable says that it is a variable.
	IsVariable bool
	// To is what it becomes; of a variable, Text counts. Nil removes it.
	To *File
}

// String says what is done, in one line.
func (o Op) String() string {
	switch {
	case o.IsVariable && o.To == nil:
		return "unset " + o.Name
	case o.IsVariable:
		return "set " + o.Name + "=" + o.To.Text
	case o.To == nil:
		return "remove " + o.Name
	case o.To.Link != "":
		return "link " + o.Name + " to " + o.To.Link
	}
	mode := ""
	if o.To.Executable {
		mode = " executable"
	}
	return fmt.Sprintf("write%s %s: %q", mode, o.Name, o.To.Text)
}

// An Edit is what somebody does in one go.
type Edit struct {
	What string
	Ops  []Op

	breaks bool // little may build after it
}

// String returns what is done, an operation a line.
func (e Edit) String() string {
	lines := []string{e.What}
	for _, op := range e.Ops {
		lines = append(lines, "\t"+op.String())
	}
	return strings.Join(lines, "\n")
}

// Clone returns a copy that changes apart.
func (t Tree) Clone() Tree { return Tree{Files: maps.Clone(t.Files), Env: maps.Clone(t.Env)} }

// Apply does an edit and returns the one that takes it back.
func (t Tree) Apply(e Edit) Edit {
	back := Edit{What: "undo: " + e.What}
	for _, op := range e.Ops {
		undo := Op{Name: op.Name, IsVariable: op.IsVariable}
		if was, ok := t.get(op); ok {
			undo.To = &was
		}
		back.Ops = append([]Op{undo}, back.Ops...)
		t.set(op)
	}
	return back
}

func (t Tree) get(op Op) (File, bool) {
	if op.IsVariable {
		value, ok := t.Env[op.Name]
		return File{Text: value}, ok
	}
	file, ok := t.Files[op.Name]
	return file, ok
}

func (t Tree) set(op Op) {
	switch {
	case op.IsVariable && op.To == nil:
		delete(t.Env, op.Name)
	case op.IsVariable:
		t.Env[op.Name] = op.To.Text
	case op.To == nil:
		delete(t.Files, op.Name)
	default:
		t.Files[op.Name] = *op.To
	}
}

// Write makes the tree's files in root.
func (t Tree) Write(root string) error {
	for name, file := range t.Files {
		if err := (Op{Name: name, To: &file}).Write(root, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// Write does the operation on the files in root, unless it is about a variable. Folders come and go with their files.
// A file is dated modified, unless that is zero.
func (o Op) Write(root string, modified time.Time) error {
	if o.IsVariable {
		return nil
	}
	full := filepath.Join(root, filepath.FromSlash(o.Name))
	if o.To == nil {
		return remove(root, full)
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		return err
	}
	if info, err := os.Lstat(full); err == nil && (info.Mode()&fs.ModeSymlink != 0 || o.To.Link != "") {
		if err := os.Remove(full); err != nil {
			return err
		}
	}
	if o.To.Link != "" {
		return os.Symlink(filepath.FromSlash(o.To.Link), full)
	}
	mode := fs.FileMode(0o644)
	if o.To.Executable {
		mode = 0o755
	}
	if err := os.WriteFile(full, []byte(o.To.Text), mode); err != nil {
		return err
	}
	if err := os.Chmod(full, mode); err != nil {
		return err
	}
	if modified.IsZero() {
		return nil
	}
	return os.Chtimes(full, modified, modified)
}

// remove deletes a file and the folders that become empty.
func remove(root, full string) error {
	if err := os.Remove(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := filepath.Dir(full); dir != root && os.Remove(dir) == nil; dir = filepath.Dir(dir) {
		continue
	}
	return nil
}
