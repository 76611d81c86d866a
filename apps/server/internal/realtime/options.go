package realtime

import (
	"cmp"
	"log/slog"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Options bound a [Hub]. The zero value is ready for use.
type Options struct {
	// Logger hears of what went wrong. Nil discards.
	Logger *slog.Logger
	// Tracer makes spans from publish to write, see trace.go. Nil makes none.
	Tracer trace.Tracer
	// AllowedOrigins lists, beside the request's own host, from where browsers may connect: a host
	// or scheme://host, with * as in path.Match. A request without an Origin header passes.
	AllowedOrigins []string
	// AllowAnyOrigin lets every web page connect with its visitor's cookies. For load tests.
	AllowAnyOrigin bool

	// Nodes reaches the other servers that streams may be on. Nil is for a server alone.
	Nodes Nodes

	// MaxConnections is how many connections there may be; more are answered with status 503. Zero
	// means 100,000.
	MaxConnections int
	// MaxConnectionsPerAddress is how many of them may come from one address, or with IPv6 from one network
	// of 64 bits; more are answered with status 429. Zero means any number.
	MaxConnectionsPerAddress int
	// MaxConnectionsPerUser is how many of them one user may have; another ends with 3504. Zero means any
	// number.
	MaxConnectionsPerUser int
	// AcceptsPerSecond is how many new connections are taken over time, in bursts of twice as many; more are
	// answered with status 503. Zero means any number.
	AcceptsPerSecond int
	// TrustedProxies are whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// MaxFrameBytes is the longest WebSocket message that is read; a longer one ends its connection
	// with status 1009. Zero means 256 KiB.
	MaxFrameBytes int
	// MaxDataBytes is the largest payload of a command; a larger one is answered with error 107.
	// Zero means 64 KiB.
	MaxDataBytes int
	// MaxChannels is how many channels a connection may be subscribed to. Zero means 128.
	MaxChannels int
	// CommandsPerSecond is how many commands a connection may send over time, in bursts of twice
	// as many; more are answered with error 111, and twice that burst ends the connection with 3013. Zero
	// means 1,000, below zero any number.
	CommandsPerSecond int
	// PublishesPerSecond and SubscribesPerSecond are how many of those commands a connection may send over
	// time, in bursts of twice as many; more are answered with error 111. Zero means any number.
	PublishesPerSecond, SubscribesPerSecond int
	// MaxHistory is how many publications one history or recovery reply may hold. Who missed more is
	// told that it was not recovered. Zero means 1,000.
	MaxHistory int

	// MaxBacklogBytes is how far a connection may lag behind a channel in memory. Beyond that it is
	// repaired from history, or ended with 3008 where there is none. Zero means 1 MiB.
	MaxBacklogBytes int
	// MaxBacklogTime is how long a connection that lags may take nothing at all before it ends with 3008. What it took
	// is known exactly on Linux, and elsewhere when the system's buffer for it has emptied by a third. Zero means 30 s.
	MaxBacklogTime time.Duration

	// PingInterval is how often an idle connection is pinged, in whole seconds. Zero means 25 s.
	PingInterval time.Duration
	// PongTimeout is how long a client may take to answer; it must be shorter than the interval.
	// Zero means 10 s.
	PongTimeout time.Duration
	// ConnectTimeout is how long a connection may take to say who it is. Zero means 15 s.
	ConnectTimeout time.Duration
	// DrainPerSecond is how many connections a second are sent away when the hub ends, or more if there are
	// more than fit into DrainTimeout. Zero means 1,000.
	DrainPerSecond int
	// DrainTimeout is how long the hub waits for its connections to end; then it cuts them off. Zero means
	// 20 s.
	DrainTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Nodes == nil {
		o.Nodes = alone{}
	}
	o.MaxConnections = cmp.Or(o.MaxConnections, 100_000)
	o.MaxFrameBytes = cmp.Or(o.MaxFrameBytes, 256<<10)
	o.MaxDataBytes = cmp.Or(o.MaxDataBytes, 64<<10)
	o.MaxChannels = cmp.Or(o.MaxChannels, 128)
	o.CommandsPerSecond = cmp.Or(o.CommandsPerSecond, 1000)
	o.AcceptsPerSecond = cmp.Or(o.AcceptsPerSecond, -1)
	o.PublishesPerSecond = cmp.Or(o.PublishesPerSecond, -1)
	o.SubscribesPerSecond = cmp.Or(o.SubscribesPerSecond, -1)
	o.MaxHistory = cmp.Or(o.MaxHistory, 1000)
	o.MaxBacklogBytes = cmp.Or(o.MaxBacklogBytes, 1<<20)
	o.MaxBacklogTime = cmp.Or(o.MaxBacklogTime, 30*time.Second)
	o.PingInterval = cmp.Or(o.PingInterval, 25*time.Second)
	o.PongTimeout = cmp.Or(o.PongTimeout, 10*time.Second)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 15*time.Second)
	o.DrainPerSecond = cmp.Or(o.DrainPerSecond, 1000)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, 20*time.Second)
	return o
}
