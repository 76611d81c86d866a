package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// mode is what an address leads to.
type mode string

const (
	standalone mode = "standalone"
	sentinel   mode = "sentinel"
	cluster    mode = "cluster"
)

// address is a URL that was understood. Nothing but options has a secret.
type address struct {
	name    string // for people: scheme, hosts and path, without user, password and query
	mode    mode
	classic bool // without sharded Pub/Sub, also where a cluster has it
	options rueidis.ClientOption
}

// errURL says what is understood. It never quotes the URL, which may have a password anywhere.
var errURL = errors.New("want redis://[user:password@]host[:port][/database], " +
	"rediss:// for TLS, redis+sentinel:// or redis+cluster:// with more addresses as ?addr=host:port, " +
	"or unix:///path/to/socket; in a password @ is written %40, / is %2F and : is %3A")

// queries are the parameters that a URL may have, and where.
var queries = map[string][]mode{
	"addr":              {sentinel, cluster},
	"master":            {sentinel},
	"sentinel_user":     {sentinel},
	"sentinel_password": {sentinel},
	"db":                {standalone, sentinel},
	"ca_file":           {standalone, sentinel, cluster},
	"server_name":       {standalone, sentinel, cluster},
	"sharded_pubsub":    {cluster},
}

// parse understands a URL. rueidis' own parser checks the certificates of all nodes against the
// first node's name and gives Sentinel no TLS.
func parse(text string) (address, error) {
	u, err := url.Parse(text)
	if err != nil {
		return address{}, fmt.Errorf("redis URL is not valid: %w", errURL)
	}
	a := address{mode: standalone}
	scheme, suffix, _ := strings.Cut(strings.Replace(u.Scheme, "valkey", "redis", 1), "+")
	switch {
	case scheme == "unix" && suffix == "":
		err = a.socket(u)
	case (scheme == "redis" || scheme == "rediss") && (suffix == "" || suffix == string(sentinel) || suffix == string(cluster)):
		if suffix != "" {
			a.mode = mode(suffix)
		}
		err = a.hosts(u)
	default:
		return address{}, fmt.Errorf("redis URL has scheme %q: %w", u.Scheme, errURL)
	}
	if err != nil {
		return address{}, err
	}
	a.options.Username = u.User.Username()
	a.options.Password, _ = u.User.Password()
	return a, errors.Join(a.query(u.Query()), a.database(u), a.secure(scheme == "rediss", u.Query()))
}

func (a *address) socket(u *url.URL) error {
	if u.Path == "" || u.Host != "" {
		return fmt.Errorf("redis URL names no socket: %w", errURL)
	}
	a.name = "unix://" + u.Path
	a.options.InitAddress = []string{u.Path}
	a.options.DialCtxFn = dialSocket
	return nil
}

// ports are those where people expect each kind of server.
var ports = map[mode]string{standalone: "6379", cluster: "6379", sentinel: "26379"}

func (a *address) hosts(u *url.URL) error {
	for _, host := range append([]string{u.Host}, u.Query()["addr"]...) {
		node := url.URL{Host: host}
		if node.Hostname() == "" {
			return fmt.Errorf("redis URL names no host: %w", errURL)
		}
		port := node.Port()
		if port == "" {
			port = ports[a.mode]
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("redis URL has a port that is not between 1 and 65535: %w", errURL)
		}
		a.options.InitAddress = append(a.options.InitAddress, net.JoinHostPort(node.Hostname(), port))
	}
	a.name = u.Scheme + "://" + strings.Join(a.options.InitAddress, ",")
	return nil
}

// query takes what the parameters say, but for TLS and the database.
func (a *address) query(q url.Values) error {
	var problems []error
	for name, values := range q {
		allowed := queries[name]
		switch {
		case allowed == nil:
			problems = append(problems, fmt.Errorf("redis URL has an unknown parameter %q: known are addr, ca_file, db, master, sentinel_password, sentinel_user, server_name, sharded_pubsub", name))
		case !slices.Contains(allowed, a.mode):
			problems = append(problems, fmt.Errorf("redis URL has a parameter %q, which means nothing for %s", name, a.mode))
		case len(values) > 1 && name != "addr":
			problems = append(problems, fmt.Errorf("redis URL has parameter %q more than once", name))
		}
	}
	switch q.Get("sharded_pubsub") {
	case "", "on":
	case "off":
		a.classic = true
	default:
		problems = append(problems, errors.New("redis URL has a parameter sharded_pubsub that is neither on nor off"))
	}
	if a.mode != sentinel {
		return errors.Join(problems...)
	}
	if q.Get("master") == "" {
		problems = append(problems, errors.New("redis URL names no master: add ?master= with the name that the Sentinels watch"))
	}
	a.options.Sentinel = rueidis.SentinelOption{
		MasterSet: q.Get("master"),
		Username:  q.Get("sentinel_user"),
		Password:  q.Get("sentinel_password"),
		// A missed +switch-master would bind us to a demoted master for ever.
		TopologyRefreshInterval: 5 * time.Second,
	}
	return errors.Join(problems...)
}

// database takes the number from ?db= or, but for a socket, from the path.
func (a *address) database(u *url.URL) error {
	text := u.Query().Get("db")
	if path := strings.Trim(u.Path, "/"); path != "" && u.Scheme != "unix" {
		if text != "" && text != path {
			return errors.New("redis URL names two databases: in its path and in ?db=")
		}
		text = path
	}
	if text == "" || text == "0" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return fmt.Errorf("redis URL's database is not a number: %w", errURL)
	}
	if a.mode == cluster {
		return errors.New("redis URL names a database, but a cluster has database 0 alone")
	}
	a.options.SelectDB = int(n)
	a.name += "/" + text
	return nil
}

// secure sets TLS up. Without a server name each node is checked against its own.
func (a *address) secure(on bool, q url.Values) error {
	if !on {
		if q.Has("ca_file") || q.Has("server_name") {
			return errors.New("redis URL has ca_file or server_name without TLS: begin it with rediss")
		}
		return nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: q.Get("server_name")}
	if file := q.Get("ca_file"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the CA that the redis URL names: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read the CA that the redis URL names: %s has no certificate in PEM", file)
		}
	}
	a.options.TLSConfig = config
	if a.mode == sentinel {
		a.options.Sentinel.TLSConfig = config
	}
	return nil
}
