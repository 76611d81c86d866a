package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"magpie.build/apps/server/internal/api"
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
	// redis://127.0.0.1:6379. Without it the server is alone. Several URLs with spaces between them are
	// servers that share the rooms among them.
	RedisURL config.Secret `env:"REDIS_URL" check:"words,url=redis|rediss|valkey|valkeys|redis+sentinel|rediss+sentinel|redis+cluster|rediss+cluster|unix"`
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
	// MaxConnections is how many connections this server takes. More are answered with status 503.
	MaxConnections int `env:"MAX_CONNECTIONS" default:"100000" check:"min=1"`
	// MaxConnectionsPerAddress is how many of them may come from one IP address, or with IPv6 from one
	// network of 64 bits. More are answered with status 429. 0 is any number.
	MaxConnectionsPerAddress int `env:"MAX_CONNECTIONS_PER_ADDRESS" default:"0" check:"min=0"`
	// MaxConnectionsPerUser is how many of them one user may have. Another one ends with code 3504, and does
	// not try again by itself. 0 is any number.
	MaxConnectionsPerUser int `env:"MAX_CONNECTIONS_PER_USER" default:"0" check:"min=0"`
	// TrustedProxies are the addresses of proxies before this server, such as 127.0.0.1 or 10.0.0.0/8,
	// separated by commas. X-Forwarded-For of others is not believed.
	TrustedProxies []string `env:"TRUSTED_PROXIES"`
	// AcceptsPerSecond is how many new connections a second are taken, twice as many at once. More are
	// answered with status 503, and come back by and by. 0 is any number.
	AcceptsPerSecond int `env:"ACCEPTS_PER_SECOND" default:"0" check:"min=0"`
	// CommandsPerSecond is how many commands a second a connection may send, twice as many at once. More are
	// answered with error 111; who does not stop is disconnected with code 3013.
	CommandsPerSecond int `env:"COMMANDS_PER_SECOND" default:"1000" check:"min=1"`
	// PublishesPerSecond is how many of them may be publishes. More are answered with error 111. 0 is any
	// number.
	PublishesPerSecond int `env:"PUBLISHES_PER_SECOND" default:"0" check:"min=0"`
	// SubscribesPerSecond is how many of them may be subscribes. More are answered with error 111, and tried
	// again by and by. 0 is any number.
	SubscribesPerSecond int `env:"SUBSCRIBES_PER_SECOND" default:"0" check:"min=0"`
	// MaxChannels is how many channels a connection may be subscribed to.
	MaxChannels int `env:"MAX_CHANNELS" default:"128" check:"min=1,max=10000"`
	// MaxFrameBytes is the longest message that clients may send, of one or more commands. A longer one ends
	// its connection with code 1009.
	MaxFrameBytes int `env:"MAX_FRAME_BYTES" default:"262144" check:"min=1024,max=16777216"`
	// MaxDataBytes is the most data of one command. More is answered with error 107.
	MaxDataBytes int `env:"MAX_DATA_BYTES" default:"65536" check:"min=1,max=1048576"`
	// DrainDelay is how long a server that was told to stop still serves everybody, and is not ready: give
	// a load balancer the time to notice.
	DrainDelay time.Duration `env:"DRAIN_DELAY" default:"0s" check:"min=0s,max=10m"`
	// DrainPerSecond is how many connections a second it then sends away, to come back elsewhere; more if
	// DrainTime is too short for that.
	DrainPerSecond int `env:"DRAIN_PER_SECOND" default:"1000" check:"min=1"`
	// DrainTime is how long that may take. Whoever is left is cut off.
	DrainTime time.Duration `env:"DRAIN_TIME" default:"20s" check:"min=1s,max=1h"`
	// Token says whose connection and subscription tokens are good, beside those that this server makes.
	Token Token
	// AllowAnonymous lets clients connect that prove nothing. Namespaces decide what they may do.
	AllowAnonymous bool `env:"ALLOW_ANONYMOUS" default:"false"`
	// Namespaces are groups of channels beside the chat's rooms, by what stands before the first colon of
	// their names. The one named default has the channels without a colon. Of room, which is the chat's
	// own, only gather_interval, delta, presence_max_named, replicas and replica_timeout can be chosen.
	Namespaces map[string]Namespace `env:"NAMESPACES"`
	// APIAddr is where back ends publish, subscribe and disconnect by HTTP, if there is an API key.
	APIAddr string `env:"API_ADDR" default:"127.0.0.1:8082" check:"required,hostport"`
	// APIKey lets back ends in: at least 16 characters, better random. Without it there is no API.
	APIKey config.Secret `env:"API_KEY"`
	// LogLevel is the least that is logged.
	LogLevel slog.Level `env:"LOG_LEVEL" default:"info"`
	// LogFormat is text for people, json for machines.
	LogFormat string `env:"LOG_FORMAT" default:"text" check:"oneof=text|json"`
	// RealtimeInsecure lets anybody connect from anywhere, and subscribe and publish to any channel but
	// the chat's own rooms. For load tests only.
	RealtimeInsecure bool `env:"REALTIME_INSECURE" default:"false"`
}

// Token says whose tokens are good. Without a key or an issuer, nobody's are.
type Token struct {
	// HMACKey is a secret of at least 32 bytes that the application signs tokens with, by HS256, HS384 or
	// HS512.
	HMACKey config.Secret `env:"HMAC_KEY"`
	// HMACPreviousKey is good as well, while HMACKey replaces it.
	HMACPreviousKey config.Secret `env:"HMAC_PREVIOUS_KEY"`
	// PublicKeys are public keys as PEM blocks, one after another: RSA for RS256, RS384 and RS512, ECDSA
	// for ES256, ES384 and ES512, Ed25519 for EdDSA.
	PublicKeys config.Secret `env:"PUBLIC_KEYS"`
	// Issuer is what tokens by the keys above must say in iss. Empty does not ask.
	Issuer string `env:"ISSUER"`
	// Audience is what they must say in aud. Empty does not ask.
	Audience string `env:"AUDIENCE"`
	// Issuers publish their keys as JSON Web Key Sets. Their names here are for this configuration alone.
	Issuers map[string]Issuer `env:"ISSUERS"`
}

// Issuer is somebody who signs tokens with keys that it publishes.
type Issuer struct {
	// Issuer is what its tokens say in iss.
	Issuer string `env:"ISSUER" check:"required"`
	// Audience is what its tokens for this server say in aud: without it, its tokens for other
	// applications would be good here.
	Audience string `env:"AUDIENCE" check:"required"`
	// JWKSURL is where its keys are, by https.
	JWKSURL string `env:"JWKS_URL" check:"required,url=https|http"`
}

// Namespace is what a group of channels offers.
type Namespace struct {
	// HistorySize is how many publications a channel keeps.
	HistorySize int `env:"HISTORY_SIZE" default:"0" check:"min=0,max=10000"`
	// HistoryTTL is how long after its last publication a channel keeps them; 0s is for ever.
	HistoryTTL time.Duration `env:"HISTORY_TTL" default:"0s" check:"min=0s"`
	// Replicas is how many replicas of Redis must have a publication before it is acknowledged. If that takes
	// longer than ReplicaTimeout, its publisher is told that it is published and not safe yet, and may publish
	// it again under the same id. It needs a history size. 0 waits for none.
	Replicas int `env:"REPLICAS" default:"0" check:"min=0,max=10"`
	// ReplicaTimeout is how long a publication may wait for its replicas.
	ReplicaTimeout time.Duration `env:"REPLICA_TIMEOUT" default:"1s" check:"min=1ms,max=4s"`
	// Recovery lets a client that was away ask for what it missed. It needs a history size.
	Recovery bool `env:"RECOVERY" default:"false"`
	// Positioning tells a client when it missed something, even without recovery. It needs a history size.
	Positioning bool `env:"POSITIONING" default:"false"`
	// Presence lets subscribers ask who is in a channel.
	Presence bool `env:"PRESENCE" default:"false"`
	// PresenceMaxNamed is up to how many members of a channel subscribers may ask, and are told at once, who it
	// is. In a fuller channel they are told how many there are, once a second while that changes. 0 is any
	// number.
	PresenceMaxNamed int `env:"PRESENCE_MAX_NAMED" default:"200" check:"min=0"`
	// JoinLeave tells subscribers who comes and goes.
	JoinLeave bool `env:"JOIN_LEAVE" default:"false"`
	// Delta lets subscribers ask for publications as differences from the one before.
	Delta bool `env:"DELTA" default:"false"`
	// TagsFilter lets subscribers ask for those publications alone whose tags match a filter.
	TagsFilter bool `env:"TAGS_FILTER" default:"false"`
	// Publish is who may publish as a client: nobody but the server API, subscribers of the channel, who is
	// authenticated, or anybody.
	Publish string `env:"PUBLISH" default:"nobody" check:"oneof=nobody|subscribers|authenticated|anybody"`
	// Subscribe is who may subscribe: nobody but the server, who has a token for the channel, who is
	// authenticated, or anybody. A token is good enough for all but nobody.
	Subscribe string `env:"SUBSCRIBE" default:"token" check:"oneof=nobody|token|authenticated|anybody"`
	// UserLimited makes a channel whose name ends in users, such as talk:x#ada,bob, theirs alone. Without it
	// no channel has a # in its name.
	UserLimited bool `env:"USER_LIMITED" default:"false"`
	// Pattern is a regular expression for the part of a channel's name after the colon, all of it. Empty is
	// anything.
	Pattern string `env:"PATTERN"`
	// MaxLength is how many bytes a channel's name may have.
	MaxLength int `env:"MAX_LENGTH" default:"255" check:"min=1,max=255"`
	// GatherInterval is how long publications may wait to go out together; 0s does not wait.
	GatherInterval time.Duration `env:"GATHER_INTERVAL" default:"0s" check:"min=0s,max=1s"`
}

var _ config.Validator = Config{}

// Validate says what no single value can show.
func (c Config) Validate() error {
	problems := []error{c.badLimit()}
	if key := c.SessionKey.Reveal(); key != "" && len(key) < auth.MinKey {
		problems = append(problems, fmt.Errorf("SESSION_KEY has %d bytes, but needs at least %d: try openssl rand -base64 32", len(key), auth.MinKey))
	}
	for _, origin := range c.AllowedOrigins {
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" {
			problems = append(problems, fmt.Errorf("ALLOWED_ORIGINS has %q, but an origin is like https://chat.example.com", origin))
		}
	}
	if key := c.APIKey.Reveal(); key != "" && len(key) < api.MinKey {
		problems = append(problems, fmt.Errorf("API_KEY has %d bytes, but needs at least %d: try openssl rand -base64 32", len(key), api.MinKey))
	}
	for name, n := range c.Namespaces {
		if n.Replicas > 0 && c.RedisURL.Reveal() == "" {
			problems = append(problems, fmt.Errorf("the namespace %q wants replicas of Redis, but there is no REDIS_URL", name))
		}
	}
	_, err := c.verifier(nil, nil)
	_, err2 := c.namespaces()
	return errors.Join(append(problems, err, err2)...)
}

// loadConfig reads the command line and the environment.
func loadConfig(args, env []string, stdout io.Writer) (Config, error) {
	c, _, err := config.Load[Config](config.Options{
		Name: "server", Args: args, Env: env, Stdout: stdout, Source: configSource,
	})
	return c, err
}
