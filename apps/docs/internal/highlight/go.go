package highlight

import (
	"go/scanner"
	"go/token"
	"go/types"
)

// Go returns Go source, whole files or fragments, as the HTML inside of a code element.
func Go(source []byte, o Options) string {
	out := newWriter(o)
	tokens := scan(source)
	at := 0
	for i, t := range tokens {
		out.token("", string(source[at:t.start]), Mark{})
		var m Mark
		if t.kind == token.IDENT && o.Mark != nil {
			m = o.Mark(t.start, t.text(source))
		}
		called := i+1 < len(tokens) && tokens[i+1].kind == token.LPAREN
		out.token(t.class(source, called), t.text(source), m)
		at = t.end
	}
	out.token("", string(source[at:]), Mark{})
	return out.done()
}

type goToken struct {
	kind       token.Token
	start, end int
}

func (t goToken) text(source []byte) string { return string(source[t.start:t.end]) }

func scan(source []byte) []goToken {
	file := token.NewFileSet().AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, func(token.Position, string) {}, scanner.ScanComments)
	var tokens []goToken
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			return tokens
		}
		if kind == token.SEMICOLON && literal != ";" {
			continue // the scanner made it up at a line's end
		}
		if literal == "" {
			literal = kind.String()
		}
		start := file.Offset(pos)
		end := min(start+len(literal), len(source))
		if len(tokens) > 0 && start < tokens[len(tokens)-1].end {
			continue // not Go: the scanner stumbled
		}
		tokens = append(tokens, goToken{kind: kind, start: start, end: end})
	}
}

func (t goToken) class(source []byte, called bool) string {
	switch {
	case t.kind == token.COMMENT:
		return "c1"
	case t.kind == token.STRING, t.kind == token.CHAR:
		return "s"
	case t.kind.IsLiteral() && t.kind != token.IDENT:
		return "m"
	case t.kind.IsKeyword():
		return "k"
	case t.kind != token.IDENT:
		return ""
	}
	switch types.Universe.Lookup(t.text(source)).(type) {
	case *types.TypeName:
		return "kt"
	case *types.Const, *types.Nil:
		return "kc"
	case *types.Builtin:
		return "nb"
	}
	if called {
		return "nf"
	}
	return ""
}
