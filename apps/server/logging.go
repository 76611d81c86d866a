package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"magpie.build/apps/server/internal/auth"
)

// maxLogged is the longest text of a value in the log. Headers and names come from anybody; a stack is our
// own.
const maxLogged = 1 << 10

// logger writes what happens to w. Both formats escape what would end a line or move a terminal's cursor.
func (c Config) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: clip}
	if c.LogFormat == "json" {
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr { return reveal(clip(groups, a)) }
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// clip shortens long texts.
func clip(_ []string, a slog.Attr) slog.Attr {
	text := a.Value.String()
	if len(text) <= maxLogged || a.Key == "stack" {
		return a
	}
	end := maxLogged
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return slog.String(a.Key, fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:end], "\ufffd"), len(text)))
}

// reveal writes out the characters that JSON need not escape, and that terminals obey all the same: control
// characters beyond ASCII, and marks that change the direction of writing. The text format quotes them itself.
func reveal(a slog.Attr) slog.Attr {
	text := a.Value.String()
	if !strings.ContainsFunc(text, hidden) {
		return a
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return slog.String(a.Key, b.String())
}

func hidden(r rune) bool { return r >= unicode.MaxASCII && auth.Invisible(r) }
