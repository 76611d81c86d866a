package load

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/format"
	"go/printer"
	"strings"
)

// An Example is a testable example of a package or a symbol: go test verifies its output.
type Example struct {
	// Suffix tells several examples of one thing apart; mostly it is empty.
	Suffix string
	Doc    string
	Code   string
	// Output is what the example prints. HasOutput tells "prints nothing" from "is not run".
	Output    string
	HasOutput bool
	Unordered bool
}

func (w *Workspace) examples(found []*doc.Example) []*Example {
	examples := make([]*Example, 0, len(found))
	for _, e := range found {
		examples = append(examples, &Example{
			Suffix:    strings.ReplaceAll(e.Suffix, "_", " "),
			Doc:       e.Doc,
			Code:      w.exampleCode(e),
			Output:    strings.TrimRight(e.Output, "\n"),
			HasOutput: e.Output != "" || e.EmptyOutput,
			Unordered: e.Unordered,
		})
	}
	return examples
}

// exampleCode prints an example: the whole program where it needs declarations of its own, the
// statements of its body otherwise.
func (w *Workspace) exampleCode(e *doc.Example) string {
	block, isBlock := e.Code.(*ast.BlockStmt)
	var out bytes.Buffer
	if !isBlock || e.Play != nil && len(e.Play.Decls) > 2 {
		whole := e.Code
		if e.Play != nil {
			whole = e.Play
		}
		if err := format.Node(&out, w.fset, whole); err != nil {
			return ""
		}
		return strings.TrimSpace(out.String())
	}
	comments := make([]*ast.CommentGroup, 0, len(e.Comments))
	for _, c := range e.Comments {
		if block.Lbrace < c.Pos() && c.End() < block.Rbrace && !isOutput(c) {
			comments = append(comments, c)
		}
	}
	if err := format.Node(&out, w.fset, &printer.CommentedNode{Node: block, Comments: comments}); err != nil {
		return ""
	}
	return unwrap(out.String())
}

func isOutput(c *ast.CommentGroup) bool {
	text := strings.ToLower(c.Text())
	return strings.HasPrefix(text, "output:") || strings.HasPrefix(text, "unordered output:")
}

// unwrap takes the braces off a block and one tab off each line.
func unwrap(block string) string {
	block = strings.TrimSuffix(strings.TrimPrefix(block, "{"), "}")
	lines := strings.Split(strings.Trim(block, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "\t")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
