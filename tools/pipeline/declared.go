package pipeline

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
)

// at puts the line of the magefile before an error about a declaration, where it can be found: the line of the first of the
// literals, which are what the error is about, else the one where the task or module gets its name.
//
// A declaration is a value that may have been made anywhere, so that only the magefile's text can tell. A literal that occurs more than once is
// taken to be the one that follows the name.
func (p *Pipeline) at(err error, name string, literals ...string) error {
	d := readDeclared(p.workspace.Root)
	named, found := d.names[name]
	if !found {
		named = d.nameBeginning(name)
	}
	for _, literal := range literals {
		places := d.literals[literal]
		if len(places) == 0 {
			continue
		}
		i := max(0, slices.IndexFunc(places, func(pos token.Position) bool { return pos.Filename == named.Filename && pos.Line >= named.Line }))
		return located(places[i], err)
	}
	if named.Line == 0 {
		return err
	}
	return located(named, err)
}

func located(pos token.Position, err error) error {
	return fmt.Errorf("%s:%d: %w", pos.Filename, pos.Line, err)
}

// declared is where the text of a magefile has its strings.
type declared struct {
	literals map[string][]token.Position
	names    map[string]token.Position // of the fields called Name
	begun    map[string]token.Position // of those that only begin with a literal: "vet-" + system
}

// readDeclared reads the Go files at the root and in magefiles, which are where mage looks. Files that cannot be read say nothing.
func readDeclared(root string) *declared {
	d := &declared{literals: make(map[string][]token.Position), names: make(map[string]token.Position), begun: make(map[string]token.Position)}
	files := token.NewFileSet()
	for _, pattern := range []string{"*.go", "magefiles/*.go"} {
		names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			continue // the root has a name that is a pattern
		}
		for _, name := range names {
			file, _ := parser.ParseFile(files, name, nil, parser.SkipObjectResolution) // what there is of a broken file is of use too
			if file == nil {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				d.note(n, func(at token.Pos) token.Position {
					pos := files.Position(at)
					if rel, err := filepath.Rel(root, pos.Filename); err == nil {
						pos.Filename = filepath.ToSlash(rel)
					}
					return pos
				})
				return true
			})
		}
	}
	return d
}

// note takes in a string, or a field called Name.
func (d *declared) note(n ast.Node, position func(token.Pos) token.Position) {
	switch n := n.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
			d.literals[text] = append(d.literals[text], position(n.Pos()))
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Name" {
			d.noteName(n.Value, position(n.Pos()))
		}
	case *ast.AssignStmt:
		for i, to := range n.Lhs {
			if field, ok := to.(*ast.SelectorExpr); ok && field.Sel.Name == "Name" && i < len(n.Rhs) {
				d.noteName(n.Rhs[i], position(n.Rhs[i].Pos()))
			}
		}
	}
}

func (d *declared) noteName(value ast.Expr, at token.Position) {
	into := d.names
	for {
		sum, ok := value.(*ast.BinaryExpr)
		if !ok {
			break
		}
		value, into = sum.X, d.begun
	}
	literal, ok := value.(*ast.BasicLit)
	if !ok {
		return
	}
	if text, err := strconv.Unquote(literal.Value); err == nil && into[text].Line == 0 {
		into[text] = at
	}
}

// nameBeginning returns where the name is made of its longest beginning that is a literal.
func (d *declared) nameBeginning(name string) token.Position {
	for end := len(name); end > 0; end-- {
		if pos, ok := d.begun[name[:end]]; ok {
			return pos
		}
	}
	return token.Position{}
}
