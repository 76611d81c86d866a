package gosource

import (
	"bytes"
	"go/scanner"
	"go/token"
	"slices"
	"strings"
)

// Compiled returns what can make a difference to a package that imports the file's: the file without its comments, all
// else on the line and in the column where it was. Kept are the comments that are no mere words: directives, and
// those that say that something is deprecated, as linters tell importers. A file that is not Go, that uses cgo (whose
// comments are C) or that cannot be scanned is returned as it is.
func Compiled(name string, content []byte, header Header) []byte {
	if !strings.HasSuffix(name, ".go") || slices.Contains(header.Imports, "C") {
		return content
	}
	var s scanner.Scanner
	failed := false
	file := token.NewFileSet().AddFile("", -1, len(content))
	s.Init(file, content, func(token.Position, string) { failed = true }, scanner.ScanComments)
	var code []byte
	from := 0
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			break
		}
		if tok != token.COMMENT || speaks(text) {
			continue
		}
		start := file.Offset(pos)
		end := commentEnd(content, start)
		code = blank(append(code, content[from:start]...), content[start:end], content[end:])
		from = end
	}
	if failed {
		return content
	}
	return bytes.TrimRight(append(code, content[from:]...), " \t\r\n")
}

// speaks reports whether a comment says something to a tool that reads the importing package.
func speaks(comment string) bool {
	for _, start := range []string{"//go:", "//line ", "/*line ", "//export ", "//extern ", "// +build", "//+build"} {
		if strings.HasPrefix(comment, start) {
			return true
		}
	}
	return strings.Contains(comment, "Deprecated:")
}

// commentEnd returns where the comment at start ends in the source: the scanner's text lacks carriage returns.
func commentEnd(source []byte, start int) int {
	end, length := []byte("\n"), 0
	if source[start+1] == '*' {
		end, length = []byte("*/"), 2
	}
	if at := bytes.Index(source[start+2:], end); at >= 0 {
		return start + 2 + at + length
	}
	return len(source)
}

// blank appends blanks in the place of a comment: its lines, and on the last of them spaces where code follows.
func blank(code, comment, rest []byte) []byte {
	lines := bytes.Split(comment, []byte("\n"))
	if len(lines) > 1 {
		code = append(bytes.TrimRight(code, " \t"), bytes.Repeat([]byte("\n"), len(lines)-1)...)
	}
	if follows := bytes.TrimLeft(rest, " \t\r"); len(follows) == 0 || follows[0] == '\n' {
		return bytes.TrimRight(code, " \t")
	}
	return append(code, bytes.Repeat([]byte(" "), len(lines[len(lines)-1]))...)
}
