package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// maxLogged is the longest text of a value in the log. Headers and names come from anybody; a stack is our
// own.
const maxLogged = 1 << 10

// logger writes what happens to w. Both formats escape what would end a line or move a terminal's cursor.
func (c Config) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: clip}
	if c.LogFormat == "json" {
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
