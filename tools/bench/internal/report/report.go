// Package report shows what was measured: as text for people, as Markdown for the docs, as JSON for programs.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"magpie.build/tools/bench/internal/timing"
)

// Report is all that one run measured. Parts that were not asked for are empty.
type Report struct {
	Machine Machine `json:"machine"`
	Builds  []Build `json:"builds,omitempty"`
	// Comparisons are of the pipeline with other runners, one for each size of workspace.
	Comparisons []Comparison `json:"comparisons,omitempty"`
	// Realtime is what servers did in each bout.
	Realtime []RealtimeRow `json:"realtime,omitempty"`
	// Notes say what was not measured, and why.
	Notes []string `json:"notes,omitempty"`
}

// Build is one workspace, measured warm: nothing had changed.
type Build struct {
	Workspace string         `json:"workspace"`
	Modules   int            `json:"modules"`
	Files     int            `json:"files"`
	Times     []timing.Times `json:"times"`
}

// A table is a part of the report on its way to people.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
}

func (r Report) tables() []table {
	var tables []table
	for _, b := range r.Builds {
		tables = append(tables, b.table())
	}
	for _, c := range r.Comparisons {
		tables = append(tables, c.tables()...)
	}
	tables = append(tables, realtimeTables(r.Realtime)...)
	return tables
}

func (b Build) table() table {
	t := table{
		title: fmt.Sprintf("Warm build, %s: %d modules, %d files", b.Workspace, b.Modules, b.Files),
		head:  []string{"whole process", "min ms", "median ms", "max ms", "CPU ms", "runs"},
	}
	for _, m := range b.Times {
		cpu := "–"
		if len(m.CPU) > 0 {
			cpu = ms(m.MedianCPU())
		}
		t.rows = append(t.rows, []string{m.Name, ms(m.Min()), ms(m.Median()), ms(m.Max()), cpu, fmt.Sprint(len(m.Wall))})
		if strings.Contains(m.Says, "tasks") {
			t.notes = append(t.notes, m.Name+" says: "+m.Says)
		}
	}
	return t
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

// precise is ms for what may be well below one.
func precise(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

func kib(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/1024) }

func mib(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }

// JSON writes the report as one indented object. Durations are nanoseconds.
func (r Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Text writes the report with aligned columns.
func (r Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Machine)
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "\n%s\n\n", t.title)
		t.lines(&b, "  ", "  ", "")
		for _, note := range t.notes {
			fmt.Fprintf(&b, "  %s\n", note)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "\nnot measured: %s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the report as sections of a page.
func (r Report) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s.\n", r.Machine)
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "\n### %s\n\n", t.title)
		t.lines(&b, "| ", " | ", " |")
		for _, note := range t.notes {
			fmt.Fprintf(&b, "\n%s\n", note)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "\nNot measured: %s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lines writes the head and the rows, the first column to the left and numbers to the right.
func (t table) lines(b *strings.Builder, before, between, after string) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(row []string) {
		b.WriteString(before)
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString(between + pad + cell)
			}
		}
		b.WriteString(after + "\n")
	}
	line(t.head)
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w-1) + ":"
		if i == 0 || after == "" {
			rule[i] = strings.Repeat("-", w)
		}
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
}
