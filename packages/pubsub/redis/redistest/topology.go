package redistest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	return startCluster(tb, 0, Options{})
}

// StartSecureCluster is StartCluster with TLS, also between the masters.
func StartSecureCluster(tb testing.TB) *Cluster {
	tb.Helper()
	return startCluster(tb, 0, Options{TLS: true})
}

// StartReplicatedCluster starts a cluster of three masters with a replica each, which takes over within
// seconds when its master is killed. Nodes are the masters, and then their replicas in the same order.
func StartReplicatedCluster(tb testing.TB) *Cluster {
	tb.Helper()
	return startCluster(tb, 3, Options{})
}

func startCluster(tb testing.TB, replicas int, o Options) *Cluster {
	tb.Helper()
	const masters = 3
	c := new(Cluster)
	for n := range masters + replicas {
		bus := port(freeAddr(tb))
		if n > 0 {
			o.certificates = c.Nodes[0].options.certificates
		}
		o.Args = []string{
			"--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0",
		}
		if o.TLS {
			o.Args = append(o.Args, "--tls-cluster", "yes")
		}
		node := Start(tb, o)
		node.Do("CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(n+1)) // who has a slot is undecided among equals
		if n < masters {
			node.Do("CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(n*slots/masters), fmt.Sprint((n+1)*slots/masters-1))
		}
		c.Nodes = append(c.Nodes, node)
		if n > 0 {
			c.Nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", port(node.Addr), bus)
		}
	}
	for _, node := range c.Nodes {
		node.until("see its cluster whole", func(ctx context.Context) bool {
			info, err := node.do(ctx, "CLUSTER", "INFO")
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", masters+replicas))
		})
	}
	for n, replica := range c.Nodes[masters:] {
		master := c.Nodes[n].Do("CLUSTER", "MYID")
		replica.until("become a replica", func(ctx context.Context) bool {
			answer, err := replica.do(ctx, "CLUSTER", "REPLICATE", master)
			return err == nil && answer == "+OK"
		})
		replica.awaitMaster()
	}
	return c
}

// slots is how many a cluster has.
const slots = 16384

// Move moves the slot of a key, and all keys in it, to another master, as an operator who rebalances the
// cluster does, and waits until all agree: who moves slots faster than masters hear of it loses some. It
// moves nothing when the node has the slot already.
func (c *Cluster) Move(key string, to *Server) {
	to.tb.Helper()
	slot := strings.TrimPrefix(to.Do("CLUSTER", "KEYSLOT", key), ":")
	toID := to.Do("CLUSTER", "MYID")
	from := c.owner(slot)
	if from == to {
		return
	}
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", from.Do("CLUSTER", "MYID"))
	from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
	for {
		keys := from.list("CLUSTER", "GETKEYSINSLOT", slot, "100")
		if len(keys) == 0 {
			break
		}
		from.Do(append([]string{"MIGRATE", "127.0.0.1", port(to.Addr), "", "0", "5000", "KEYS"}, keys...)...)
	}
	masters := c.masters()
	for _, node := range append([]*Server{to}, masters...) {
		node.Do("CLUSTER", "SETSLOT", slot, "NODE", toID)
	}
	for _, node := range masters {
		node.until("agree where slot "+slot+" is", func(context.Context) bool {
			epoch, here := node.view(toID, slot)
			want, there := to.view(toID, slot)
			return here && there && epoch == want
		})
	}
}

// masters returns the nodes that are masters now.
func (c *Cluster) masters() []*Server {
	return slices.DeleteFunc(slices.Clone(c.Nodes), func(node *Server) bool {
		return !strings.Contains(node.Do("INFO", "replication"), "role:master")
	})
}

// owner returns the node that has a slot.
func (c *Cluster) owner(slot string) *Server {
	c.Nodes[0].tb.Helper()
	for _, node := range c.Nodes {
		if _, has := node.view(node.Do("CLUSTER", "MYID"), slot); has {
			return node
		}
	}
	c.Nodes[0].tb.Fatalf("no node has slot %s", slot)
	return nil
}

// view says what the server believes of a node: the epoch of its configuration, and whether it has a
// slot.
func (s *Server) view(id, slot string) (epoch string, has bool) {
	s.tb.Helper()
	wanted, err := strconv.Atoi(slot)
	if err != nil {
		s.tb.Fatalf("slot %q: %v", slot, err)
	}
	for line := range strings.Lines(s.Do("CLUSTER", "NODES")) {
		words := strings.Fields(line)
		if len(words) < 8 || words[0] != id {
			continue
		}
		return words[6], slices.ContainsFunc(words[8:], func(word string) bool { return within(wanted, word) })
	}
	return "", false
}

// within reports whether a slot is in "5" or "5-9". A word in brackets is a slot on its way.
func within(slot int, word string) bool {
	from, to, isRange := strings.Cut(word, "-")
	if !isRange {
		to = from
	}
	first, err := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	return err == nil && err2 == nil && first <= slot && slot <= last
}

// URL returns how a client reaches the cluster.
func (c *Cluster) URL() string {
	query := make(url.Values)
	for _, node := range c.Nodes[1:] {
		query.Add("addr", node.Addr)
	}
	scheme := "redis"
	if file := c.Nodes[0].CAFile; file != "" {
		scheme = "rediss"
		query.Set("ca_file", file)
	}
	return scheme + "+cluster://" + c.Nodes[0].Addr + "?" + query.Encode()
}

// StartReplica starts a server that follows another, and waits until it does.
func StartReplica(tb testing.TB, master *Server, o Options) *Server {
	tb.Helper()
	o.TLS, o.Password, o.certificates = master.options.TLS, master.options.Password, master.options.certificates
	o.Args = append(o.Args, "--replicaof", "127.0.0.1 "+port(master.Addr))
	replica := Start(tb, o)
	replica.awaitMaster()
	return replica
}

func (s *Server) awaitMaster() {
	s.tb.Helper()
	s.until("follow its master", func(ctx context.Context) bool {
		info, err := s.do(ctx, "INFO", "replication")
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
}

// Sentinel is a Redis Sentinel that watches a master with a replica.
type Sentinel struct {
	*Server
	Master, Replica *Server
}

// StartSentinel starts a master, a replica of it, and one Sentinel that promotes the replica after
// [Sentinel.FailOver], and not because the machine is busy. All three are as the options say; they ask for no password.
func StartSentinel(tb testing.TB, o Options) *Sentinel {
	tb.Helper()
	master := Start(tb, o)
	replica := StartReplica(tb, master, o)
	s := prepare(tb, master.options)
	file := filepath.Join(s.dir, "sentinel.conf")
	config := fmt.Sprintf("bind 127.0.0.1\nport %s\nunixsocket %s\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds main 60000\nsentinel failover-timeout main 2000\n",
		port(s.Addr), s.Socket, s.dir, port(master.Addr))
	if o.TLS {
		config = strings.Replace(config, "port "+port(s.Addr), "port 0\ntls-port "+port(s.Addr), 1)
		for name, value := range s.secure() {
			config += name + " " + value + "\n"
		}
	}
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
func (s *Sentinel) URL() string {
	if s.options.TLS {
		return "rediss+sentinel://" + s.Addr + "?master=main&ca_file=" + s.CAFile
	}
	return "redis+sentinel://" + s.Addr + "?master=main"
}
