package inspector

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/ui/badge"
	"magpie.build/packages/ui/table"
	"magpie.build/packages/ui/theme"
)

// frame is what every page has around its content.
type frame struct {
	title, path string
	theme       theme.Choice
	links       links
}

func (i *Inspector) frame(r *http.Request, title, path string) frame {
	return frame{title: title, path: path, theme: theme.FromRequest(r), links: i.links}
}

// tile is one number of the overview.
type tile struct {
	label, value, hint string
	tone               badge.Tone
}

func tiles(s realtime.Stats) []tile {
	return []tile{
		{label: "Connections", value: number(s.Connections)},
		{label: "Channels", value: number(s.Channels)},
		{label: "Subscriptions", value: number(s.Subscriptions)},
		{label: "Publications", value: number(s.Publications), hint: "that the broker delivered"},
		{label: "Deliveries", value: number(s.Deliveries), hint: "to clients"},
		{label: "Written", value: size(s.Bytes)},
		{label: "Lagging", value: number(s.Lagging), hint: "worst: " + size(s.MaxLagBytes), tone: alarm(s.Lagging > 0, badge.Warning)},
		{label: "Repairs", value: number(s.Repairs), hint: "slow readers helped"},
		{label: "Losses told", value: number(s.Breaks), hint: "subscriptions", tone: alarm(s.Breaks > 0, badge.Danger)},
		{label: "Too slow", value: number(s.Slow), hint: "connections ended", tone: alarm(s.Slow > 0, badge.Warning)},
		{label: "Recovered", value: number(s.Recoveries[realtime.RecoveryComplete]), hint: "subscriptions, whole"},
		{label: "Not recovered", value: number(s.Recoveries[realtime.RecoveryLost]), hint: "and told so", tone: alarm(s.Recoveries[realtime.RecoveryLost] > 0, badge.Danger)},
	}
}

func alarm(on bool, tone badge.Tone) badge.Tone {
	if on {
		return tone
	}
	return badge.Neutral
}

// number writes a number with its thousands apart.
func number[N int | uint64](n N) string {
	digits := strconv.FormatUint(uint64(n), 10)
	var parts []string
	for len(digits) > 3 {
		parts = append(parts, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	parts = append(parts, digits)
	slices.Reverse(parts)
	return strings.Join(parts, ",")
}

// size writes a number of bytes.
func size(n uint64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value := float64(n) / (1 << 10)
	unit := 0
	for value >= 1<<10 && unit < len(units)-1 {
		value /= 1 << 10
		unit++
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

// columns are the heads of a list.
func columns[T any](q query, orders []order[T]) []table.Column {
	heads := make([]table.Column, len(orders))
	for i, o := range orders {
		heads[i] = table.Column{Label: o.label, Number: o.number}
		if q.path != "" {
			heads[i].Href = q.by(o.name)
		}
		if o.name != q.sort {
			continue
		}
		heads[i].Order = table.Ascending
		if o.number {
			heads[i].Order = table.Descending
		}
	}
	return heads
}

func channelRows(channels []realtime.ChannelState) [][]table.Cell {
	rows := make([][]table.Cell, len(channels))
	for i, c := range channels {
		rows[i] = []table.Cell{
			{Text: c.Name, Href: subscribersPath(c.Name)},
			{Text: number(c.Subscribers)},
			{Text: offset(c.Position.Offset)},
			{Text: number(c.Publications)},
			warn(size(c.MaxLagBytes), c.MaxLagBytes > 0, badge.Warning),
			{Text: number(c.Lagging)},
			{Text: number(c.Repairs)},
			warn(number(c.Breaks), c.Breaks > 0, badge.Danger),
		}
	}
	return rows
}

func connectionRows(connections []realtime.ConnectionState, now time.Time) [][]table.Cell {
	rows := make([][]table.Cell, len(connections))
	for i, c := range connections {
		rows[i] = []table.Cell{
			{Text: c.Client, Href: connectionPath(c.Client)},
			{Text: nobody(c.User)},
			{Text: c.RemoteAddr},
			{Text: age(now.Sub(c.Since))},
			{Text: number(c.Subscriptions)},
			warn(size(c.MaxLagBytes), c.Lagging, badge.Warning),
		}
	}
	return rows
}

func subscriptionRows(subscriptions []realtime.SubscriptionState) [][]table.Cell {
	rows := make([][]table.Cell, len(subscriptions))
	for i, s := range subscriptions {
		rows[i] = []table.Cell{
			{Text: s.Channel, Href: subscribersPath(s.Channel)},
			{Text: offset(s.Position.Offset)},
			{Text: s.Position.Epoch},
			warn(size(s.LagBytes), s.LagBytes > 0, badge.Warning),
			state(s),
		}
	}
	return rows
}

var subscriptionColumns = []table.Column{
	{Label: "Channel"}, {Label: "Offset", Number: true}, {Label: "Epoch"}, {Label: "Lag", Number: true}, {Label: "State"},
}

// state says in a word how a subscription is.
func state(s realtime.SubscriptionState) table.Cell {
	switch {
	case s.Broken:
		return table.Cell{Content: mark("told of a loss", badge.Danger)}
	case s.Behind:
		return table.Cell{Content: mark("being repaired", badge.Warning)}
	default:
		return table.Cell{Text: "live"}
	}
}

// warn marks a value that deserves a look.
func warn(text string, on bool, tone badge.Tone) table.Cell {
	if !on {
		return table.Cell{Text: text}
	}
	return table.Cell{Content: mark(text, tone)}
}

// offset is empty where there is no history.
func offset(n uint64) string {
	if n == 0 {
		return "–"
	}
	return number(n)
}

func nobody(user string) string {
	if user == "" {
		return "–"
	}
	return user
}

// age writes a time in at most two units.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// shown says how much of a list of many is on the page.
func shown[T any](l list[T], what string) string {
	switch {
	case l.found == 1:
		return "1 " + strings.TrimSuffix(what, "s")
	case len(l.rows) < l.found:
		return fmt.Sprintf("%s of %s %s: search or sort for others", number(len(l.rows)), number(l.found), what)
	default:
		return number(l.found) + " " + what
	}
}

func subscribersPath(channel string) string {
	return "/connections?" + url.Values{"channel": {channel}}.Encode()
}

func connectionPath(client string) string { return "/connections/" + url.PathEscape(client) }

// ends says how connections ended, by code.
func ends(s realtime.Stats) [][]table.Cell {
	var rows [][]table.Cell
	for _, code := range slices.Sorted(maps.Keys(s.Disconnects)) {
		rows = append(rows, []table.Cell{{Text: strconv.Itoa(int(code))}, {Text: code.Error()}, {Text: number(s.Disconnects[code])}})
	}
	return rows
}
