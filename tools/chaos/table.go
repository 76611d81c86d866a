package main

import (
	"fmt"
	"slices"
	"strings"

	"magpie.build/tools/chaos/internal/deploy"
	"magpie.build/tools/chaos/internal/laws"
)

// table is nemeses by topologies, as Markdown.
func table(verdicts []laws.Verdict) string {
	var b strings.Builder
	b.WriteString("| nemesis |")
	for _, t := range deploy.Topologies {
		fmt.Fprintf(&b, " %s |", t)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(deploy.Topologies)) + "\n")
	var names []string
	cells := make(map[string]string)
	for _, v := range verdicts {
		if !slices.Contains(names, v.Model.Nemesis) {
			names = append(names, v.Model.Nemesis)
		}
		cells[v.Model.Nemesis+" "+v.Model.Topology] = cell(v)
	}
	for _, name := range names {
		fmt.Fprintf(&b, "| %s |", name)
		for _, t := range deploy.Topologies {
			c := cells[name+" "+string(t)]
			if c == "" {
				c = "–"
			}
			fmt.Fprintf(&b, " %s |", c)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func cell(v laws.Verdict) string {
	if v.Good() {
		return fmt.Sprintf("holds (%d shown, %d resets)", v.Shown, v.Resets)
	}
	broken := make(map[laws.Law]int)
	var order []laws.Law
	for _, violation := range v.Violations {
		if broken[violation.Law] == 0 {
			order = append(order, violation.Law)
		}
		broken[violation.Law]++
	}
	var parts []string
	for _, law := range order {
		parts = append(parts, fmt.Sprintf("law %d: %d ×", law, broken[law]))
	}
	return "**" + strings.Join(parts, ", ") + "**"
}
