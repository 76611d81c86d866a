package gosource

import (
	"bytes"
	"errors"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Header is what the reader needs to know of one file. It does not depend on the configuration,
// so that it may be stored beside a file's content hash.
type Header struct {
	// Constraint is the go:build expression, empty when there is none.
	Constraint string
	// Package is the package clause's name; empty in other languages' files, or when it is broken.
	Package string
	// Imports are the import paths, "C" among them, sorted.
	Imports []string
	// Embeds are the patterns of the go:embed directives, sorted.
	Embeds []string
}

// ParseHeader reads the header of the file called name. What cannot be understood is left out.
func ParseHeader(name string, content []byte) Header {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	header := Header{Constraint: readConstraint(content)}
	if !strings.HasSuffix(name, ".go") {
		return header
	}
	// A syntax error is the compiler's to report; what stands before it is returned.
	file, _ := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly|parser.SkipObjectResolution)
	if file == nil {
		return header
	}
	header.Package = file.Name.Name
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			header.Imports = append(header.Imports, path)
		}
	}
	slices.Sort(header.Imports)
	header.Imports = slices.Compact(header.Imports)
	if slices.Contains(header.Imports, "embed") {
		header.Embeds = readEmbeds(content)
	}
	return header
}

// readEmbeds returns the patterns of all go:embed directives, which may stand anywhere in a file.
func readEmbeds(content []byte) []string {
	var patterns []string
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(content))
	s.Init(file, content, func(token.Position, string) {}, scanner.ScanComments)
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok != token.COMMENT || !strings.HasPrefix(text, "//go:embed") {
			continue
		}
		directive, ok := ast.ParseDirective(pos, text)
		if !ok || directive.Tool != "go" || directive.Name != "embed" {
			continue
		}
		args, err := directive.ParseArgs()
		if err != nil {
			continue
		}
		for _, arg := range args {
			patterns = append(patterns, arg.Arg)
		}
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}

// errSeveral is why a file with two go:build lines has no constraint: the go command refuses it.
var errSeveral = errors.New("several go:build lines")

// readConstraint returns the build constraint of a file as one go:build expression.
func readConstraint(content []byte) string {
	goBuild, plusBuild, err := constraintLines(content)
	if err != nil {
		return ""
	}
	if goBuild != "" {
		expr, err := constraint.Parse(goBuild)
		if err != nil {
			return ""
		}
		return expr.String()
	}
	var all constraint.Expr
	for _, line := range plusBuild {
		expr, err := constraint.Parse(line)
		if err != nil {
			continue
		}
		if all == nil {
			all = expr
			continue
		}
		all = &constraint.AndExpr{X: all, Y: expr}
	}
	if all == nil {
		return ""
	}
	return all.String()
}

// constraintLines returns the go:build line among the comments and blank lines that begin a file,
// and the lines of the older form. Those count only where a blank line follows the comments that
// they stand in, and where nothing but line comments came before.
func constraintLines(content []byte) (goBuild string, plusBuild []string, err error) {
	var pending []string // older lines whose blank line has not come yet
	lineCommentsOnly := true
	inBlock := false
	for line := range bytes.Lines(content) {
		text := string(bytes.TrimSpace(line))
		switch {
		case text == "" && lineCommentsOnly:
			plusBuild, pending = append(plusBuild, pending...), nil
			continue
		case !inBlock && constraint.IsGoBuild(text):
			if goBuild != "" {
				return "", nil, errSeveral
			}
			goBuild = text
		case lineCommentsOnly && constraint.IsPlusBuild(text):
			pending = append(pending, text)
		}
		if !strings.HasPrefix(text, "//") {
			lineCommentsOnly = false
		}
		var code bool
		if inBlock, code = skipComments(text, inBlock); code {
			break
		}
	}
	return goBuild, plusBuild, nil
}

// skipComments says whether a block comment is open at the end of a line, and whether the line
// holds anything but comments.
func skipComments(text string, inBlock bool) (open, code bool) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		switch {
		case inBlock:
			_, after, ends := strings.Cut(text, "*/")
			if !ends {
				return true, false
			}
			text, inBlock = after, false
		case strings.HasPrefix(text, "//"):
			return false, false
		case strings.HasPrefix(text, "/*"):
			text, inBlock = text[2:], true
		default:
			return false, true
		}
	}
	return inBlock, false
}
