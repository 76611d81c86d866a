package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// System is a kind of server that speaks the Centrifuge protocol.
type System interface {
	// Name is what people call it.
	Name() string
	// Channels are what people follow and publish to.
	Channels() []string
	// Durable says that nothing acknowledged may be lost with a topology, whatever was killed.
	Durable(t Topology) bool
	// Forgets says that history is in memory alone.
	Forgets(t Topology) bool
	// Patience is how long it may take by its own account to notice that something is missing.
	Patience() time.Duration
	// SignIn returns what goes with each handshake.
	SignIn(ctx context.Context, addr string) (http.Header, error)

	configure(p *Process, at place) error
}

// place is what a server finds where it is started.
type place struct {
	dir, data, redis string
	topology         Topology
}

// HistorySize is how many messages a channel keeps.
const HistorySize = 10_000

// Magpie is the server of this workspace.
type Magpie struct {
	// Program is the path of the built server.
	Program string
}

var _ System = Magpie{}

// Name implements [System].
func (Magpie) Name() string { return "magpie" }

// Channels implements [System]: the rooms that every deployment begins with.
func (Magpie) Channels() []string { return []string{"room:general", "room:random"} }

// Durable implements [System]. A replica may lack what its master has acknowledged.
func (Magpie) Durable(t Topology) bool { return t == Memory || t == Standalone }

// Forgets implements [System].
func (Magpie) Forgets(Topology) bool { return false }

// Patience implements [System]. The fifth law asks for less; this is for servers that were sabotaged.
func (Magpie) Patience() time.Duration { return 30 * time.Second }

// sessionKey is the same on all servers, and no secret.
const sessionKey = "a key for servers that are about to be killed"

func (m Magpie) configure(p *Process, at place) error {
	admin, err := freeAddr()
	if err != nil {
		return err
	}
	p.program = m.Program
	p.env = []string{
		"ADDR=" + p.Addr, "ADMIN_ADDR=" + admin, "SESSION_KEY=" + sessionKey, "ROOM_HISTORY=" + strconv.Itoa(HistorySize),
		"REDIS_URL=" + at.redis, "DATA_DIR=" + filepath.Join(at.data, "data"),
	}
	return nil
}

// SignIn implements [System] by the chat's form.
func (Magpie) SignIn(ctx context.Context, addr string) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	form := url.Values{"name": {"Chaos"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	header := make(http.Header)
	for _, cookie := range response.Cookies() {
		header.Add("Cookie", cookie.Name+"="+cookie.Value)
	}
	if len(header) == 0 {
		return nil, fmt.Errorf("sign in: %s without a session", response.Status)
	}
	return header, nil
}

// Centrifugo is Centrifugo 6, as its documentation recommends it for chats: history, recovery and positions are on.
type Centrifugo struct {
	// Program is the path of the built server.
	Program string
}

var _ System = Centrifugo{}

// Name implements [System].
func (Centrifugo) Name() string { return "centrifugo" }

// Channels implements [System].
func (Centrifugo) Channels() []string { return []string{"room:general", "room:random"} }

// Durable implements [System].
func (Centrifugo) Durable(t Topology) bool { return t == Standalone }

// Forgets implements [System].
func (Centrifugo) Forgets(t Topology) bool { return t == Memory }

// Patience implements [System]: positions are compared every 40 seconds.
func (Centrifugo) Patience() time.Duration { return 75 * time.Second }

// APIKey opens the HTTP interface.
const APIKey = "no secret either"

// SignIn implements [System]: anybody may connect.
func (Centrifugo) SignIn(context.Context, string) (http.Header, error) { return make(http.Header), nil }

func (c Centrifugo) configure(p *Process, at place) error {
	host, port := "127.0.0.1", portOf(p.Addr)
	config := map[string]any{
		"http_server": map[string]any{"address": host, "port": port},
		"http_api":    map[string]any{"key": APIKey},
		"client":      map[string]any{"allow_anonymous_connect_without_token": true, "allowed_origins": []string{"*"}, "history_max_publication_limit": 10_000, "recovery_max_publication_limit": 1000},
		"channel": map[string]any{"namespaces": []any{map[string]any{
			"name": "room", "history_size": HistorySize, "history_ttl": "24h", "force_recovery": true, "force_positioning": true,
			"allow_subscribe_for_client": true, "allow_subscribe_for_anonymous": true,
			"allow_history_for_subscriber": true, "allow_history_for_anonymous": true,
		}}},
	}
	if at.redis != "" {
		address, err := centrifugoRedis(at)
		if err != nil {
			return err
		}
		config["engine"] = map[string]any{"type": "redis", "redis": map[string]any{"address": address}}
	}
	data, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(at.dir, p.Name+".json")
	p.program, p.args = c.Program, []string{"--config", file}
	return os.WriteFile(file, data, 0o600)
}

// centrifugoRedis writes an address of ours in its words.
func centrifugoRedis(at place) (string, error) {
	u, err := url.Parse(at.redis)
	if err != nil {
		return "", err
	}
	switch at.topology {
	case Sentinel:
		return "redis+sentinel://" + u.Host + "?sentinel_master_name=" + u.Query().Get("master"), nil
	case Cluster:
		return "redis+cluster://" + u.Host + "?" + url.Values{"addr": u.Query()["addr"]}.Encode(), nil
	default:
		return at.redis, nil
	}
}
