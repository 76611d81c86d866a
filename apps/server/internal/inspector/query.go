package inspector

import (
	"cmp"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"magpie.build/apps/server/internal/realtime"
)

// How many rows a list has: few in an overview, many on a page of its own. A server has 100,000
// connections; who looks for one searches.
const (
	few  = 8
	many = 200
)

// maxSearch is the longest text that is searched for: that of a channel's name.
const maxSearch = 255

// order is one way to sort a list: what is greater by it comes first.
type order[T any] struct {
	name    string
	label   string
	number  bool
	compare func(a, b T) int
}

var channelOrders = []order[realtime.ChannelState]{
	{"name", "Channel", false, func(a, b realtime.ChannelState) int { return cmp.Compare(b.Name, a.Name) }},
	{"subscribers", "Subscribers", true, func(a, b realtime.ChannelState) int { return cmp.Compare(a.Subscribers, b.Subscribers) }},
	{"offset", "Offset", true, func(a, b realtime.ChannelState) int { return cmp.Compare(a.Position.Offset, b.Position.Offset) }},
	{"publications", "Publications", true, func(a, b realtime.ChannelState) int { return cmp.Compare(a.Publications, b.Publications) }},
	{"lag", "Lag", true, func(a, b realtime.ChannelState) int { return cmp.Compare(a.MaxLagBytes, b.MaxLagBytes) }},
	{"lagging", "Lagging", true, func(a, b realtime.ChannelState) int { return cmp.Compare(a.Lagging, b.Lagging) }},
	{"repairs", "Repairs", true, func(a, b realtime.ChannelState) int { return cmp.Compare(a.Repairs, b.Repairs) }},
	{"breaks", "Losses told", true, func(a, b realtime.ChannelState) int { return cmp.Compare(a.Breaks, b.Breaks) }},
}

var connectionOrders = []order[realtime.ConnectionState]{
	{"client", "Client", false, func(a, b realtime.ConnectionState) int { return cmp.Compare(b.Client, a.Client) }},
	{"user", "User", false, func(a, b realtime.ConnectionState) int { return cmp.Compare(b.User, a.User) }},
	{"address", "Address", false, func(a, b realtime.ConnectionState) int { return cmp.Compare(b.RemoteAddr, a.RemoteAddr) }},
	{"age", "Connected for", true, func(a, b realtime.ConnectionState) int { return b.Since.Compare(a.Since) }},
	{"subscriptions", "Subscriptions", true, func(a, b realtime.ConnectionState) int { return cmp.Compare(a.Subscriptions, b.Subscriptions) }},
	{"lag", "Lag", true, func(a, b realtime.ConnectionState) int { return cmp.Compare(a.MaxLagBytes, b.MaxLagBytes) }},
}

// query is what a list was asked for, by the address of its page.
type query struct {
	path string
	// search is a part of what names a row.
	search string
	sort   string
	// channel, on the page of connections, leaves who is subscribed to it.
	channel string
}

// parse reads a query. What there is no order for is sorted by the first number.
func parse[T any](r *http.Request, orders []order[T]) query {
	values := r.URL.Query()
	q := query{path: r.URL.Path, search: clip(values.Get("q")), sort: values.Get("sort"), channel: clip(values.Get("channel"))}
	known := func(o order[T]) bool { return o.name == q.sort }
	if !slices.ContainsFunc(orders, known) {
		q.sort = orders[slices.IndexFunc(orders, func(o order[T]) bool { return o.number })].name
	}
	return q
}

func clip(text string) string { return strings.ToValidUTF8(text[:min(len(text), maxSearch)], "") }

// by is the address of the same list in another order.
func (q query) by(sort string) string {
	values := url.Values{"sort": {sort}}
	if q.search != "" {
		values.Set("q", q.search)
	}
	if q.channel != "" {
		values.Set("channel", q.channel)
	}
	return q.path + "?" + values.Encode()
}

// list is the part of all rows that a page shows.
type list[T any] struct {
	rows []T
	// found is how many there are, in all.
	found int
}

func (q query) channels(all iter.Seq[realtime.ChannelState], limit int) list[realtime.ChannelState] {
	return pick(all, limit, channelOrders, q.sort,
		func(c realtime.ChannelState) string { return c.Name },
		func(c realtime.ChannelState) bool { return strings.Contains(c.Name, q.search) })
}

func (q query) connections(all iter.Seq[realtime.ConnectionState], limit int) list[realtime.ConnectionState] {
	return pick(all, limit, connectionOrders, q.sort,
		func(c realtime.ConnectionState) string { return c.Client },
		func(c realtime.ConnectionState) bool {
			return strings.Contains(c.Client, q.search) || strings.Contains(c.User, q.search) || strings.HasPrefix(c.RemoteAddr, q.search)
		})
}

// pick takes the first rows in an order. It holds at most twice as many as it returns, however many there
// are. Rows that are equal come by name, so that a page that is loaded again does not shuffle them.
func pick[T any](all iter.Seq[T], limit int, orders []order[T], sort string, name func(T) string, wanted func(T) bool) list[T] {
	o := orders[slices.IndexFunc(orders, func(o order[T]) bool { return o.name == sort })]
	first := func(a, b T) int { return cmp.Or(o.compare(b, a), cmp.Compare(name(a), name(b))) }
	var picked list[T]
	for row := range all {
		if !wanted(row) {
			continue
		}
		picked.found++
		if picked.rows = append(picked.rows, row); len(picked.rows) >= 2*limit {
			slices.SortFunc(picked.rows, first)
			picked.rows = picked.rows[:limit]
		}
	}
	slices.SortFunc(picked.rows, first)
	picked.rows = picked.rows[:min(len(picked.rows), limit)]
	return picked
}

// lagging leaves the connections that lag.
func lagging(all iter.Seq[realtime.ConnectionState]) iter.Seq[realtime.ConnectionState] {
	return func(yield func(realtime.ConnectionState) bool) {
		for c := range all {
			if c.Lagging && !yield(c) {
				return
			}
		}
	}
}

func sortSubscriptions(subscriptions []realtime.SubscriptionState) {
	slices.SortFunc(subscriptions, func(a, b realtime.SubscriptionState) int { return cmp.Compare(a.Channel, b.Channel) })
}
