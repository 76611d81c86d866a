package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"magpie.build/apps/server/internal/doctor"
	"magpie.build/packages/pubsub/memory"
	"magpie.build/packages/pubsub/redis"
)

// doctorCommand is the first word of a command line that has the server examined and not run.
const doctorCommand = "doctor"

// errUnwell is how a doctor's run ends when a check failed.
var errUnwell = errors.New("doctor: the server cannot work like this")

// runDoctor examines what a server with these settings would need.
func runDoctor(ctx context.Context, c Config, stdout io.Writer) error {
	checks := []doctor.Check{
		doctor.Descriptors(c.MaxConnections),
		doctor.Port("ADDR", c.Addr, c.AdminAddr),
		doctor.Port("ADMIN_ADDR", c.AdminAddr, c.AdminAddr),
		insecureCheck(c),
	}
	if c.RedisURL.Reveal() != "" {
		more, leave := redisChecks(ctx, c)
		defer leave()
		checks = append(checks, more...)
	} else if c.DataDir != "" {
		checks = append(checks, doctor.Folder("DATA_DIR", c.DataDir, memory.Verify))
	}
	for _, origin := range c.AllowedOrigins {
		if address, ok := secureAddress(origin, "https", "443"); ok {
			checks = append(checks, doctor.Certificate(address, nil))
		}
	}
	healthy, err := doctor.Run(ctx, stdout, checks)
	if err == nil && !healthy {
		err = errUnwell
	}
	return err
}

// redisChecks look at Redis over connections that leave ends.
func redisChecks(ctx context.Context, c Config) (checks []doctor.Check, leave func()) {
	broker, err := openBroker(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return []doctor.Check{{Name: "redis", Run: func(context.Context) doctor.Finding {
			return doctor.Finding{Level: doctor.Failed, Text: err.Error(), Remedy: "start Redis, or mend REDIS_URL"}
		}}}, func() {}
	}
	checks = []doctor.Check{{Name: "redis", Run: func(ctx context.Context) doctor.Finding {
		if err := broker.Probe(ctx); err != nil {
			return doctor.Finding{Level: doctor.Failed, Text: err.Error(), Remedy: "see what lies between this machine and Redis, and what Redis logs"}
		}
		return doctor.Finding{Text: "a message to this machine came back"}
	}}}
	if examined, ok := broker.(interface {
		Examine(ctx context.Context) []redis.Finding
	}); ok {
		for _, f := range examined.Examine(ctx) {
			checks = append(checks, redisCheck(f))
		}
	}
	return checks, func() { _ = broker.Close() }
}

// redisCheck is a finding that the server, too, would log when it starts.
func redisCheck(f redis.Finding) doctor.Check {
	found := doctor.Finding{Text: f.Server + ": " + f.Text, Remedy: f.Remedy}
	if f.Verdict != redis.Well {
		found.Level = doctor.Doubtful
	}
	return doctor.Check{Name: "redis " + f.Check, Run: func(context.Context) doctor.Finding { return found }}
}

// secureAddress is the host and port of a URL of that scheme.
func secureAddress(text, scheme, port string) (address string, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != scheme || strings.Contains(u.Hostname(), "*") {
		return "", false
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port), true
}

// insecureCheck looks for what must never be on where others can reach the server.
func insecureCheck(c Config) doctor.Check {
	return doctor.Check{Name: "access", Run: func(context.Context) doctor.Finding {
		switch host, _, _ := net.SplitHostPort(c.AdminAddr); {
		case c.RealtimeInsecure:
			return doctor.Finding{Level: doctor.Doubtful, Text: "REALTIME_INSECURE lets anybody read and publish", Remedy: "leave it off unless this is a load test"}
		case !isLoopback(host):
			return doctor.Finding{Level: doctor.Doubtful, Text: "ADMIN_ADDR " + c.AdminAddr + " can be reached from other machines", Remedy: "see to it that only operators can"}
		default:
			return doctor.Finding{Text: "operators' address is this machine's alone"}
		}
	}}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
