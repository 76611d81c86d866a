package redistest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Cluster is a set of servers that share the slots of one cluster.
type Cluster struct {
	Nodes []*Server
}

// StartCluster starts a cluster of three masters without replicas and waits until it is whole.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	const size, slots = 3, 16384
	c := new(Cluster)
	for n := range size {
		bus := port(freeAddr(tb))
		node := Start(tb, Options{Args: []string{"--cluster-enabled", "yes", "--cluster-port", bus}})
		node.Do("CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(n*slots/size), fmt.Sprint((n+1)*slots/size-1))
		c.Nodes = append(c.Nodes, node)
		if n > 0 {
			c.Nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", port(node.Addr), bus)
		}
	}
	for _, node := range c.Nodes {
		node.until("see its cluster whole", func(ctx context.Context) bool {
			info, err := node.do(ctx, "CLUSTER", "INFO")
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", size))
		})
	}
	return c
}

// URL returns how a client reaches the cluster.
func (c *Cluster) URL() string {
	query := make(url.Values)
	for _, node := range c.Nodes[1:] {
		query.Add("addr", node.Addr)
	}
	return "redis+cluster://" + c.Nodes[0].Addr + "?" + query.Encode()
}

// Sentinel is a Redis Sentinel that watches a master with a replica.
type Sentinel struct {
	*Server
	Master, Replica *Server
}

// StartSentinel starts a master, a replica of it, and one Sentinel that promotes the replica when
// the master is gone for half a second.
func StartSentinel(tb testing.TB) *Sentinel {
	tb.Helper()
	master := Start(tb, Options{})
	replica := Start(tb, Options{Args: []string{"--replicaof", "127.0.0.1 " + port(master.Addr)}})
	replica.until("follow its master", func(ctx context.Context) bool {
		info, err := replica.do(ctx, "INFO", "replication")
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	s := prepare(tb, Options{})
	file := filepath.Join(s.dir, "sentinel.conf")
	config := fmt.Sprintf("bind 127.0.0.1\nport %s\nunixsocket %s\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n",
		port(s.Addr), s.Socket, s.dir, port(master.Addr))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	s.args = []string{file, "--sentinel"}
	s.Restart()
	s.until("know the replica", func(ctx context.Context) bool {
		info, err := s.do(ctx, "INFO", "sentinel")
		return err == nil && strings.Contains(info, "slaves=1")
	})
	return &Sentinel{Server: s, Master: master, Replica: replica}
}

// URL returns how a client finds the master.
func (s *Sentinel) URL() string { return "redis+sentinel://" + s.Addr + "?master=main" }
