package report

import (
	"fmt"
	"slices"

	"magpie.build/tools/bench/internal/load"
)

// RealtimeRow is what one server did in one bout. One of its parts is there.
type RealtimeRow struct {
	Bout     string         `json:"bout"`
	Title    string         `json:"title"`
	Server   string         `json:"server"`
	Measured *load.Measured `json:"measured,omitempty"`
	Idle     *load.Idle     `json:"idle,omitempty"`
	Recovery *load.Recovery `json:"recovery,omitempty"`
}

// realtimeTables returns a table for each bout, in order.
func realtimeTables(rows []RealtimeRow) []table {
	var tables []table
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r RealtimeRow) bool { return r.Bout != rows[0].Bout })
		if n < 0 {
			n = len(rows)
		}
		tables = append(tables, boutTable(rows[:n]))
		rows = rows[n:]
	}
	return tables
}

func boutTable(rows []RealtimeRow) table {
	t := table{title: rows[0].Title}
	for _, r := range rows {
		var head, cells []string
		switch {
		case r.Measured != nil:
			head, cells = measuredCells(*r.Measured)
			for _, note := range r.Measured.Notes {
				t.notes = append(t.notes, r.Server+": "+note)
			}
		case r.Idle != nil:
			head, cells = idleCells(*r.Idle)
		case r.Recovery != nil:
			head, cells = recoveryCells(*r.Recovery)
		}
		t.head = append([]string{"server"}, head...)
		t.rows = append(t.rows, append([]string{r.Server}, cells...))
	}
	return t
}

func measuredCells(m load.Measured) (head, cells []string) {
	cpu := "–"
	if m.CPU > 0 {
		cpu = fmt.Sprintf("%.2f", float64(m.CPU)/1000)
	}
	return []string{"published/s", "deliveries/s", "server CPU µs each", "p50 ms", "p99 ms", "max ms", "lost", "doubled", "reordered"},
		[]string{
			fmt.Sprintf("%.0f", m.Rate), fmt.Sprintf("%.0f", m.Deliveries), cpu, precise(m.P50), precise(m.P99), ms(m.Max),
			fmt.Sprint(m.Lost), fmt.Sprint(m.Doubled), fmt.Sprint(m.Reordered),
		}
}

func idleCells(i load.Idle) (head, cells []string) {
	return []string{"connections", "KiB each", "server MiB before", "server MiB after", "CPU at rest"},
		[]string{fmt.Sprint(i.Connections), kib(i.Each()), mib(i.Before), mib(i.After), fmt.Sprintf("%.2f %%", 100*i.CPU)}
}

func recoveryCells(r load.Recovery) (head, cells []string) {
	return []string{"clients", "missed each", "took ms", "server CPU ms", "Redis commands", "incomplete"},
		[]string{fmt.Sprint(r.Clients), fmt.Sprint(r.Missed), ms(r.Took), ms(r.CPU), fmt.Sprint(r.Calls()), fmt.Sprint(r.Incomplete)}
}
