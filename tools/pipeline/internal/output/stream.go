package output

import (
	"bytes"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// A stream is one of the two that a run writes to.
type stream struct {
	w        io.Writer
	terminal *os.File // nil where it is none
	clever   bool     // it is a terminal that knows escape sequences
	colour   bool
}

func newStream(w io.Writer, o Options) *stream {
	s := &stream{w: w}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.terminal = f
	s.clever = o.Env("TERM") != "dumb"
	s.colour = s.clever && o.Env("NO_COLOR") == ""
	return s
}

// width is how many columns there are now. What is no terminal is as wide as people still read.
func (s *stream) width() int {
	if s.terminal == nil {
		return 120
	}
	width, _, err := term.GetSize(int(s.terminal.Fd()))
	if err != nil || width < 20 {
		return 80
	}
	return width
}

func (s *stream) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// clean drops escape sequences: all without colour, with it those that do more than colour. What a line leaves
// switched on is switched off behind it.
func (s *stream) clean(line []byte) []byte {
	if bytes.IndexByte(line, '\x1b') < 0 {
		return line
	}
	if !s.colour {
		return plain(line)
	}
	return append(sequences(line, true), "\x1b[0m"...)
}

// plain returns the line without terminal escape sequences.
func plain(line []byte) []byte {
	if bytes.IndexByte(line, '\x1b') < 0 {
		return line
	}
	return sequences(line, false)
}

// overwritten drops what a line overwrote with carriage returns.
func overwritten(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\r"))
	return line[bytes.LastIndexByte(line, '\r')+1:]
}

// sequences copies a line without its escape sequences, or with those alone that set colours.
func sequences(line []byte, colours bool) []byte {
	var kept []byte
	for {
		from := bytes.IndexByte(line, '\x1b')
		if from < 0 {
			return append(kept, line...)
		}
		kept = append(kept, line[:from]...)
		length := sequence(line[from:])
		if found := line[from : from+length]; colours && length > 2 && found[1] == '[' && found[length-1] == 'm' {
			kept = append(kept, found...)
		}
		line = line[from+length:]
	}
}

// sequence returns the length of the escape sequence that text begins with (ECMA-48, 5.4 and 5.6).
func sequence(text []byte) int {
	if len(text) < 2 {
		return len(text)
	}
	switch text[1] {
	case '[': // parameters, then a final byte
		for i, c := range text[2:] {
			if c >= '@' && c <= '~' {
				return i + 3
			}
		}
		return len(text)
	case ']', 'P', 'X', '^', '_': // a string, up to its terminator or, as xterm has it, a bell
		for i, c := range text[2:] {
			if c == '\a' {
				return i + 3
			}
			if c == '\\' && text[i+1] == '\x1b' {
				return i + 3
			}
		}
		return len(text)
	}
	_, size := utf8.DecodeRune(text[1:])
	return 1 + size
}
