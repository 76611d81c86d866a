// Package descriptors keeps the last file descriptors of a process for what it needs to go on: Redis, files and the
// people who operate it. A system gives out the lowest number that is free, so the number of a new connection says how
// many are left. Where the system has no such limit, or does not tell numbers, nothing is kept.
package descriptors

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// reserve is how many descriptors connections that stay leave over, or a quarter of what the limit allows if that is
// less. Half of it is for requests that end soon; the other half no connection from outside gets.
const reserve = 128

// Guard watches how many descriptors the connections of an [http.Server] leave over. Safe for concurrent use.
type Guard struct {
	log *slog.Logger
	// told is when the log last said that few are left, in Unix nanoseconds.
	told atomic.Int64
}

// NewGuard returns a guard that tells a log when few are left, and not often.
func NewGuard(log *slog.Logger) *Guard { return &Guard{log: log} }

// Listener returns a listener that accepts what l does, as it is, and closes at once what would take the last
// descriptors.
func (g *Guard) Listener(l net.Listener) net.Listener { return listener{l, g} }

type listener struct {
	net.Listener

	guard *Guard
}

// Accept implements [net.Listener].
func (l listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.guard.within(conn, lastLine) {
			return conn, err
		}
		_ = conn.Close() // which is all that there is to say
	}
}

type scarceKey struct{}

// ConnContext is for [http.Server.ConnContext]: it notes for [Scarce] whether few descriptors were left when the
// connection came.
func (g *Guard) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if g.within(conn, firstLine) {
		return context.WithValue(ctx, scarceKey{}, true)
	}
	return ctx
}

// Handler returns a handler that answers as next does, and lets no connection wait for another request that came when
// few descriptors were left.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Scarce(r.Context()) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// Scarce reports whether few descriptors were left when the connection of a request came: it is not to become one that
// stays.
func Scarce(ctx context.Context) bool {
	scarce, _ := ctx.Value(scarceKey{}).(bool)
	return scarce
}

// A line is which part of the reserve a number lies in.
type line uint64

const (
	firstLine line = 1
	lastLine  line = 2
)

// within reports whether the connection has one of the last descriptors. The limit may change while the process runs.
func (g *Guard) within(conn net.Conn, from line) bool {
	limit, ok := Limit()
	if !ok {
		return false
	}
	descriptor, ok := number(conn)
	if !ok || descriptor < limit-min(reserve, limit/4)/uint64(from) {
		return false
	}
	g.tell(limit)
	return true
}

// pause is how long the log says nothing of what it has said.
const pause = time.Minute

func (g *Guard) tell(limit uint64) {
	now, told := time.Now().UnixNano(), g.told.Load()
	if told != 0 && now-told < int64(pause) || !g.told.CompareAndSwap(told, now) {
		return
	}
	g.log.Warn("new connections refused: this process has nearly as many files open as it may", "limit", limit,
		"hint", "allow more, by LimitNOFILE= in a systemd unit or ulimit -Hn in a shell, or start another server")
}
