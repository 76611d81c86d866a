// Command cluster shows what happens when a server of many is killed: it starts Redis, some chat servers
// joined by it, and a small reverse proxy in front of them, all on this machine's loopback, and prints
// where they are. Kill one by its process id, or by typing its number, and watch the chat go on.
//
//	go tool mage cluster
//	go run . -server=../../apps/server/dist/server -servers=5
//
// A loop (cluster.go) owns all processes: it starts them, hears of their ends, and asks the servers
// whether they are ready. The proxy (proxy.go) takes each request to the ready server with the fewest
// requests open; a WebSocket is one for as long as it lasts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// options are what to start.
type options struct {
	addr, server, redis string
	servers             int
}

// maxServers bounds what one machine is asked to run.
const maxServers = 9

// run runs the cluster until ctx ends, and returns when everything it started has ended. Where things are
// goes to stdout, and what the servers log to stderr; stdin is commands, a line each.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "where the proxy listens")
	flags.StringVar(&o.server, "server", "apps/server/dist/server", "the chat server's program")
	flags.StringVar(&o.redis, "redis-server", "redis-server", "Redis' program")
	flags.IntVar(&o.servers, "servers", 3, "how many servers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || o.servers < 1 || o.servers > maxServers {
		return fmt.Errorf("cannot start %d servers with %q: there may be 1 to %d, and flags only; see cluster -help", o.servers, flags.Args(), maxServers)
	}
	c, err := newCluster(ctx, o, stdout, stderr)
	if err != nil {
		return err
	}
	return c.run(ctx, stdin)
}
