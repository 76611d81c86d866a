package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/bench/internal/load"
	"magpie.build/tools/bench/internal/peers"
	"magpie.build/tools/bench/internal/report"
	"magpie.build/tools/bench/internal/server"
)

// A ring is where realtime servers are measured.
type ring struct {
	options  options
	programs []server.Program
	// servers and load are the commands that put a process on the servers' core, and on the load's.
	servers, load []string
}

// realtime measures realtime servers side by side: ours, and what it is compared with. Each measurement has fresh servers.
func (o options) realtime(ctx context.Context, root, temp string, r *report.Report) error {
	g := ring{options: o}
	err := o.recall(r)
	if err != nil {
		return err
	}
	if g.programs, err = o.realtimePrograms(ctx, root, temp, r); err != nil {
		return err
	}
	g.servers, g.load, r.Machine.Pinned = server.Pin()
	if !r.Machine.Pinned {
		r.Notes = append(r.Notes, "servers and load on a core each: that needs Linux, taskset and two cores; they took each other's time")
	}
	defer func() { r.Realtime = inOrder(r.Realtime, g.bouts()) }()
	for _, bout := range g.bouts() {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), bout.name) {
			continue
		}
		for _, program := range g.programs {
			if len(bout.servers) > 0 && !slices.Contains(bout.servers, program.Name) {
				continue
			}
			if measured(r.Realtime, bout.name, program.Name) {
				continue
			}
			row, err := g.measure(ctx, bout, program)
			switch {
			case errors.Is(err, server.ErrNoUsage), errors.Is(err, server.ErrNoRedis):
				r.Notes = append(r.Notes, bout.name+": "+err.Error())
			case err != nil:
				return fmt.Errorf("%s, %s: %w", program.Name, bout.name, err)
			default:
				r.Realtime = append(r.Realtime, row)
				if err := o.keep(*r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// inOrder sorts rows as bouts are.
func inOrder(rows []report.RealtimeRow, bouts []bout) []report.RealtimeRow {
	place := func(r report.RealtimeRow) int {
		return slices.IndexFunc(bouts, func(b bout) bool { return b.name == r.Bout })
	}
	slices.SortStableFunc(rows, func(a, b report.RealtimeRow) int { return cmp.Compare(place(a), place(b)) })
	return rows
}

func measured(rows []report.RealtimeRow, bout, server string) bool {
	return slices.ContainsFunc(rows, func(r report.RealtimeRow) bool { return r.Bout == bout && r.Server == server })
}

// recall reads what an earlier run has recorded. Rows of a run that was broken off are kept, so that the whole can be
// measured in pieces, when the machine is quiet.
func (o options) recall(r *report.Report) error {
	if o.record == "" {
		return nil
	}
	text, err := os.ReadFile(o.record)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &r.Realtime)
}

func (o options) keep(r report.Report) error {
	if o.record == "" {
		return nil
	}
	text, err := json.MarshalIndent(r.Realtime, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.record, text, 0o600)
}

// realtimePrograms builds and installs what -servers names. Without Socket.IO, or Centrifugo, the report says so, and why.
func (o options) realtimePrograms(ctx context.Context, root, temp string, r *report.Report) ([]server.Program, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	cache = filepath.Join(cache, "magpie-bench")
	var programs []server.Program
	for name := range strings.SplitSeq(o.servers, ",") {
		o.say("preparing %s", name)
		var path string
		switch make, known := realtimeServers[name]; {
		case !known:
			return nil, fmt.Errorf("-servers has %q; there is magpie, centrifugo, socket.io and naive", name)
		default:
			if path, err = make.prepare(ctx, root, temp, cache); err != nil {
				if name == "magpie" {
					return nil, err
				}
				o.say("WITHOUT %s: %v", name, err)
				r.Notes = append(r.Notes, name+": "+err.Error())
				continue
			}
			programs = append(programs, make.program(path))
		}
	}
	return programs, nil
}

var realtimeServers = map[string]struct {
	prepare func(ctx context.Context, root, temp, cache string) (string, error)
	program func(path string) server.Program
}{
	"magpie": {func(ctx context.Context, root, temp, _ string) (string, error) { return server.Build(ctx, root, temp) }, server.Magpie},
	"naive": {func(ctx context.Context, root, temp, _ string) (string, error) {
		return peers.BuildNaive(ctx, root, temp)
	}, peers.Naive},
	"centrifugo": {func(ctx context.Context, _, _, cache string) (string, error) {
		return peers.InstallCentrifugo(ctx, cache)
	}, peers.Centrifugo},
	"socket.io": {func(ctx context.Context, _, _, cache string) (string, error) {
		return peers.InstallSocketIO(ctx, cache)
	}, peers.SocketIO},
}

// A bout is one measurement that servers are compared in.
type bout struct {
	name, title string
	// servers are the names of those that can do it; empty is all.
	servers []string
	// processes is how many servers there are, joined by Redis where redis says so.
	processes int
	redis     bool
	measure   func(context.Context, server.Group, *server.Redis, *report.RealtimeRow) error
}

// bouts are what is measured, in order.
func (g ring) bouts() []bout {
	o := g.options
	room, gathered, rooms, joined, idle := o.fanOut, o.fanOut, o.fanOut, o.fanOut, o.fanOut
	gathered.Prefix = "gather:"
	joined.Prefix = "history:"
	rooms.Rooms, rooms.Subscribers, rooms.Rate = o.rooms, 4, 10*float64(o.rooms)
	idle.Subscribers, idle.Rate = 10, 20
	idle.Duration *= 10 // few publications a second: their percentiles take more of them

	fixed := func(f load.FanOut) func(context.Context, server.Group, *server.Redis, *report.RealtimeRow) error {
		return func(ctx context.Context, s server.Group, _ *server.Redis, row *report.RealtimeRow) error {
			m, err := f.Fixed(ctx, s)
			row.Measured = &m
			return err
		}
	}
	highest := func(f load.FanOut) func(context.Context, server.Group, *server.Redis, *report.RealtimeRow) error {
		return func(ctx context.Context, s server.Group, _ *server.Redis, row *report.RealtimeRow) error {
			m, err := f.Highest(ctx, s, o.progress)
			row.Measured = &m
			return err
		}
	}
	ours, centrifuge := []string{"magpie"}, []string{"magpie", "centrifugo"}
	return []bout{
		{name: "room", title: fmt.Sprintf("One room of %d at %.0f publications a second", room.Subscribers, room.Rate), measure: fixed(room)},
		{name: "room-gathered", title: "The same, gathered for 20 ms", servers: ours, measure: fixed(gathered)},
		{name: "room-highest", title: fmt.Sprintf("One room of %d, the highest rate with p99 below %v", room.Subscribers, load.MaxP99), measure: highest(room)},
		{name: "room-gathered-highest", title: "The same, gathered for 20 ms: the highest rate", servers: ours, measure: highest(gathered)},
		{name: "rooms", title: fmt.Sprintf("%d rooms of 4, 10 publications a second in each", o.rooms), measure: fixed(rooms)},
		{name: "rooms-highest", title: fmt.Sprintf("%d rooms of 4, the highest rate", o.rooms), measure: highest(rooms)},
		{name: "redis", title: "Two servers over Redis, with history: one room, both servers together", servers: centrifuge, processes: 2, redis: true, measure: fixed(joined)},
		{name: "redis-highest", title: "Two servers over Redis, with history: the highest rate", servers: centrifuge, processes: 2, redis: true, measure: highest(joined)},
		{name: "latency", title: "From publishing to delivery in a room of 10 in which little happens", measure: fixed(idle)},
		{name: "idle", title: "Idle connections, one subscription each", measure: func(ctx context.Context, s server.Group, _ *server.Redis, row *report.RealtimeRow) error {
			m, err := load.MeasureIdle(ctx, s, o.idle, o.rest)
			row.Idle = &m
			return err
		}},
		{name: "recovery", title: "Clients that come back all at once, over Redis", servers: centrifuge, redis: true, measure: func(ctx context.Context, s server.Group, redis *server.Redis, row *report.RealtimeRow) error {
			m, err := load.MeasureRecovery(ctx, s, redis, o.fanOut.Subscribers, 100)
			row.Recovery = &m
			return err
		}},
		{name: "crowd", title: "Idle connections over three servers joined by one Redis, on one core", servers: ours, processes: 3, redis: true, measure: func(ctx context.Context, s server.Group, _ *server.Redis, row *report.RealtimeRow) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			m, err := load.MeasureCrowd(ctx, s, []string{self, "hold"}, 3, o.crowd, o.rest/2)
			row.Crowd = &m
			return err
		}},
		{name: "storm", title: "One of three servers is killed, and its clients come back to the others", servers: ours, processes: 3, redis: true, measure: func(ctx context.Context, s server.Group, redis *server.Redis, row *report.RealtimeRow) error {
			m, err := load.MeasureStorm(ctx, s, redis, load.StormShape{
				Clients: o.storm, Channels: max(1, o.storm/100), Rate: 50, Calm: 2 * time.Second, Patience: time.Minute,
			})
			row.Storm = &m
			return err
		}},
	}
}

// measure runs one bout of one program.
func (g ring) measure(ctx context.Context, b bout, program server.Program) (row report.RealtimeRow, err error) {
	g.options.say("%s: %s", b.name, program.Name)
	row = report.RealtimeRow{Bout: b.name, Title: b.title, Server: program.Name}
	var redis *server.Redis
	url := ""
	if b.redis {
		if redis, err = server.StartRedis(ctx, g.load...); err != nil {
			return row, err
		}
		defer redis.Stop()
		url = redis.URL()
	}
	s, err := server.StartGroup(ctx, program, max(1, b.processes), url, g.servers...)
	if err != nil {
		return row, err
	}
	err = b.measure(ctx, s, redis, &row)
	return row, errors.Join(err, s.Stop())
}
