package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/packages/config"
	"magpie.build/packages/pubsub/memory"
)

// configSource is this file: the comments below are the help page.
//
//go:embed config.go
var configSource string

// Config is all that can be chosen about a server.
type Config struct {
	// Addr is where people connect to: pages, forms and WebSockets. Put a proxy that speaks TLS in
	// front of it before you listen beyond this machine.
	Addr string `env:"ADDR" default:"127.0.0.1:8080" check:"required,hostport"`
	// AdminAddr is where operators look at what the server does, and ask for /healthz, /readyz and
	// /metrics. Nobody else should reach it.
	AdminAddr string `env:"ADMIN_ADDR" default:"127.0.0.1:8081" check:"required,hostport"`
	// RedisURL joins all servers that are given the same one into one chat, such as
	// redis://127.0.0.1:6379. Without it the server is alone.
	RedisURL config.Secret `env:"REDIS_URL" check:"url=redis|rediss|valkey|valkeys|redis+sentinel|rediss+sentinel|redis+cluster|rediss+cluster|unix"`
	// DataDir is where a server without Redis keeps its history. Empty, by the flag, keeps it in memory
	// alone, until the server ends.
	DataDir string `env:"DATA_DIR" default:"data"`
	// DataSync is when something said is acknowledged: always, once the disk has it, or never, which leaves
	// that to the system. A killed server loses nothing either way; a power cut does with never.
	DataSync memory.Sync `env:"DATA_SYNC" default:"always" check:"oneof=always|never"`
	// SessionKey signs people in: at least 32 random bytes, the same on all servers. Without it the
	// servers share a random key that they keep where the history is.
	SessionKey config.Secret `env:"SESSION_KEY"`
	// AllowedOrigins are web pages on other hosts that may connect and post, such as
	// https://chat.example.com, separated by commas. Needed when a proxy changes the Host header.
	AllowedOrigins []string `env:"ALLOWED_ORIGINS"`
	// RoomHistory is how many messages a room keeps.
	RoomHistory int `env:"ROOM_HISTORY" default:"1000" check:"min=1,max=10000"`
	// DrainDelay is how long a server that was told to stop still serves everybody, and is not ready: give
	// a load balancer the time to notice.
	DrainDelay time.Duration `env:"DRAIN_DELAY" default:"0s" check:"min=0s,max=10m"`
	// DrainPerSecond is how many connections a second it then sends away, to come back elsewhere; more if
	// DrainTime is too short for that.
	DrainPerSecond int `env:"DRAIN_PER_SECOND" default:"1000" check:"min=1"`
	// DrainTime is how long that may take. Whoever is left is cut off.
	DrainTime time.Duration `env:"DRAIN_TIME" default:"20s" check:"min=1s,max=1h"`
	// LogLevel is the least that is logged.
	LogLevel slog.Level `env:"LOG_LEVEL" default:"info"`
	// LogFormat is text for people, json for machines.
	LogFormat string `env:"LOG_FORMAT" default:"text" check:"oneof=text|json"`
	// RealtimeInsecure lets anybody connect from anywhere, and subscribe and publish to any channel but
	// the chat's own rooms. For load tests only.
	RealtimeInsecure bool `env:"REALTIME_INSECURE" default:"false"`
}

var _ config.Validator = Config{}

// Validate says what no single value can show.
func (c Config) Validate() error {
	var problems []error
	if key := c.SessionKey.Reveal(); key != "" && len(key) < auth.MinKey {
		problems = append(problems, fmt.Errorf("SESSION_KEY has %d bytes, but needs at least %d: try openssl rand -base64 32", len(key), auth.MinKey))
	}
	for _, origin := range c.AllowedOrigins {
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" {
			problems = append(problems, fmt.Errorf("ALLOWED_ORIGINS has %q, but an origin is like https://chat.example.com", origin))
		}
	}
	return errors.Join(problems...)
}

// loadConfig reads the command line and the environment.
func loadConfig(args, env []string, stdout io.Writer) (Config, error) {
	c, _, err := config.Load[Config](config.Options{
		Name: "server", Args: args, Env: env, Stdout: stdout, Source: configSource,
	})
	return c, err
}
