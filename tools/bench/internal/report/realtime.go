package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	Crowd    *load.Crowd    `json:"crowd,omitempty"`
	Storm    *load.Storm    `json:"storm,omitempty"`
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
		case r.Crowd != nil:
			head, cells = crowdCells(*r.Crowd)
		case r.Storm != nil:
			head, cells = stormCells(*r.Storm)
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
	return []string{"published/s", "deliveries/s", "CPU µs each", "p50 ms", "p99 ms", "max ms", "lost, doubled, reordered"},
		[]string{
			fmt.Sprintf("%.0f", m.Rate), fmt.Sprintf("%.0f", m.Deliveries), cpu, precise(m.P50), precise(m.P99), ms(m.Max),
			fmt.Sprintf("%d, %d, %d", m.Lost, m.Doubled, m.Reordered),
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

func crowdCells(c load.Crowd) (head, cells []string) {
	for _, step := range c.Steps {
		head = append(head, fmt.Sprintf("MiB with %d", step.Connections))
		cells = append(cells, mib(step.RSS))
	}
	return append(head, "CPU at rest", "dropped"), append(cells, fmt.Sprintf("%.2f %%", 100*c.CPU), fmt.Sprint(c.Dropped))
}

func stormCells(s load.Storm) (head, cells []string) {
	return []string{"clients", "channels", "displaced", "all back after s", "others' p99 ms", "history reads", "lost", "doubled", "unrecovered"},
		[]string{
			fmt.Sprint(s.Clients), fmt.Sprint(s.Channels), fmt.Sprint(s.Displaced), fmt.Sprintf("%.1f", s.Took.Seconds()), ms(s.P99),
			fmt.Sprint(s.Reads), fmt.Sprint(s.Faults.Lost), fmt.Sprint(s.Faults.Doubled), fmt.Sprint(s.Unrecovered),
		}
}

// realtimeIntroduction is how the page of the realtime comparison begins.
const realtimeIntroduction = `# Realtime benchmarks

Magpie's server beside [Centrifugo](https://centrifugal.dev), [Socket.IO](https://socket.io) and the server that one writes first: a goroutine, a queue and a write for each connection and message, over the same WebSocket library as Magpie's. All run as they come, with every channel open to everybody. One load generator speaks the Centrifuge protocol to all but Socket.IO, which has its own. It checks every delivery: that it comes, once, and in order. Payloads have 128 bytes, latency counts from when a publication was due, but for the lateness of the generator's own clock.

The servers have one core, the load, and Redis with it, another. CPU is user and system time of all server processes, divided by deliveries. Memory is the resident memory of a fresh process, after connections have rested for some seconds, less what it had before.

Times of other machines and moments do not compare: look at the ratios, and repeat them with ` + "`go run ./tools/bench realtime`" + `. It gets Centrifugo from the Go module proxy and Socket.IO from npm.

![What a delivery costs, and how many there can be](images/realtime-benchmarks.svg)
`

// WriteRealtimeGuide writes what was measured of servers to a folder of guides: realtime-benchmarks.md, and a picture below
// images.
func (r Report) WriteRealtimeGuide(dir string) error {
	var b strings.Builder
	b.WriteString(realtimeIntroduction)
	fmt.Fprintf(&b, "\nMeasured on %s.\n", r.Machine)
	for _, t := range realtimeTables(r.Realtime) {
		fmt.Fprintf(&b, "\n## %s\n\n", t.title)
		t.lines(&b, "| ", " | ", " |")
		for _, note := range t.notes {
			fmt.Fprintf(&b, "\n%s\n", note)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "\nNot measured: %s\n", note)
	}
	var cost, most chart
	cost.title, most.title = "Server CPU for each delivery in one room, in µs", "Highest deliveries a second, in thousands"
	for _, row := range r.Realtime {
		name := row.Server
		if strings.Contains(row.Bout, "gathered") {
			name += ", 20 ms"
		}
		switch {
		case row.Measured == nil:
		case row.Bout == "room", row.Bout == "room-gathered":
			cost.bars = append(cost.bars, bar{name, float64(row.Measured.CPU) / 1000, fmt.Sprintf("%.1f", float64(row.Measured.CPU)/1000), row.Server == own})
		case row.Bout == "room-highest", row.Bout == "room-gathered-highest":
			most.bars = append(most.bars, bar{name, row.Measured.Deliveries, fmt.Sprintf("%.0f", row.Measured.Deliveries/1000), row.Server == own})
		}
	}
	picture := plot("What a delivery costs, and how many there can be, on linear scales", linear, cost, most)
	if err := os.WriteFile(filepath.Join(dir, "realtime-benchmarks.md"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "images"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "images", "realtime-benchmarks.svg"), []byte(picture), 0o644)
}
