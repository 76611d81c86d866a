package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"magpie.build/packages/pubsub"
)

// bufferSize is that of a connection's read and write buffers; rueidis' half a megabyte each is
// more than the rest of a small server.
const bufferSize = 64 << 10

// connect opens a client and makes sure that it leads to what the URL says.
func connect(ctx context.Context, at address, o Options) (rueidis.Client, error) {
	option := at.options
	option.ClientName = o.Prefix
	option.ForceSingleClient = at.mode == standalone
	option.DisableCache = true
	option.DisableRetry = true // a publish that may have happened must not happen twice
	option.AlwaysPipelining = true
	option.PipelineMultiplex = -1 // one connection: several would be no faster here
	option.ReadBufferEachConn, option.WriteBufferEachConn = bufferSize, bufferSize
	option.ConnWriteTimeout = o.Timeout
	option.BlockingPoolCleanup = time.Minute                 // of connections that waited for replicas
	option.ClusterOption.ShardsRefreshInterval = surveyEvery // a node that joined is not heard of otherwise
	option.Dialer.Timeout = o.Timeout
	option.Sentinel.Dialer.Timeout = o.Timeout
	client, err := rueidis.NewClient(option)
	if err != nil {
		return nil, explain(at, err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := inspect(ctx, client, at); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// inspect asks whether the server is of the kind that the URL says.
func inspect(ctx context.Context, client rueidis.Client, at address) error {
	if (client.Mode() == rueidis.ClientModeCluster) != (at.mode == cluster) {
		return fmt.Errorf("open redis at %s: it is not a cluster: begin the URL with redis:// or redis+sentinel://", at.name)
	}
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
		return explain(at, err)
	}
	if info, err := client.Do(ctx, client.B().Info().Section("cluster").Build()).ToString(); err == nil &&
		at.mode == standalone && strings.Contains(info, "cluster_enabled:1") {
		return fmt.Errorf("open redis at %s: it is a cluster: begin the URL with redis+cluster:// or rediss+cluster://", at.name)
	}
	return nil
}

// hints say what to do about an answer that has some text.
var hints = []struct{ text, hint string }{
	{"WRONGPASS", "the server refuses the user name or password in the URL"},
	{"invalid password", "the server refuses the user name or password in the URL"},
	{"NOAUTH", "the server asks for a password: write it into the URL, as in redis://:password@host"},
	{"NOPERM", "the user in the URL may not do this"},
	{"DB index", "the server does not have that database"},
	{"No such master", "the Sentinels do not know the master that ?master= names"},
	{"unknown command", "the server is of another kind than the URL says: redis://, redis+sentinel:// or redis+cluster://"},
	{"certificate is valid for", "the certificate is for another name: add ?server_name= with that name"},
	{"failed to verify certificate", "the certificate is not trusted: name a private CA's file with ?ca_file="},
}

// explain turns the error of a first connection into what to do about it.
func explain(at address, err error) error {
	for _, h := range hints {
		if strings.Contains(err.Error(), h.text) {
			return fmt.Errorf("open redis at %s: %s: %v", at.name, h.hint, err)
		}
	}
	return fmt.Errorf("open redis at %s: %w: is it running there, and does it expect TLS (rediss://) or not (redis://)? %v", at.name, pubsub.ErrUnavailable, err)
}

// dialSocket connects to a server's socket file.
func dialSocket(ctx context.Context, path string, dialer *net.Dialer, _ *tls.Config) (net.Conn, error) {
	return dialer.DialContext(ctx, "unix", path)
}
