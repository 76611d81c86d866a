package dev

import (
	"path"
	"regexp"
	"strings"
)

// report is something that went wrong with an app.
type report struct {
	// Title says what, in a few words.
	Title string `json:"title"`
	// Text is what the compiler, the generator or the app itself said, a line each.
	Text string `json:"text"`

	printed bool // the text stands in the terminal already
}

func newReport(title, text string) *report {
	return &report{Title: title, Text: strings.TrimRight(text, "\n")}
}

// newExitReport is a report of a process that has said why itself.
func newExitReport(title string, p *process) *report {
	r := newReport(title, p.log())
	r.printed = true
	return r
}

// position is the beginning of a compiler's line: file, line, and perhaps column.
var position = regexp.MustCompile(`^(\S+\.\w+):(\d+)(:\d+)?: `)

// placeUnder rewrites what the go command says in the folder dir to names relative to the root,
// which an editor opens from there, and leaves out its headings.
func placeUnder(dir, output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "# ") || line == "" {
			continue
		}
		if at := position.FindStringSubmatch(line); at != nil && !path.IsAbs(at[1]) {
			line = path.Join(dir, strings.ReplaceAll(at[1], `\`, "/")) + strings.TrimPrefix(line, at[1])
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
