package doctor

import (
	"context"
	"fmt"

	"magpie.build/apps/server/internal/descriptors"
)

// reserve is how many descriptors a server needs beside its connections: its files, Redis, requests, and what it keeps
// back.
const reserve = 200

// Descriptors compares how many connections there may be with how many files the system lets this process open.
// It is to be run as the server is.
func Descriptors(connections int) Check {
	return Check{Name: "descriptors", Run: func(context.Context) Finding {
		limit, ok := descriptors.Limit()
		if !ok {
			return well("this system has no limit that can be asked for")
		}
		return compareDescriptors(connections, limit)
	}}
}

func compareDescriptors(connections int, limit uint64) Finding {
	need := uint64(connections) + reserve
	if limit < need {
		room := max(int64(limit)-reserve, 0)
		return doubtful(
			fmt.Sprintf("allow %d (LimitNOFILE= in a systemd unit, ulimit -Hn in a shell), or set MAX_CONNECTIONS=%d", need, room),
			"the system allows %d, and MAX_CONNECTIONS is %d: past some %d new connections are refused", limit, connections, room)
	}
	return well("the system allows %d, enough for %d connections", limit, connections)
}
