package deploy

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"magpie.build/tools/chaos/internal/proxy"
)

// Topology says what keeps and carries the messages.
type Topology string

// The topologies.
const (
	// Memory is one server that keeps its history on disk.
	Memory Topology = "memory"
	// Standalone is one Redis for all servers.
	Standalone Topology = "standalone"
	// Sentinel is a Redis with a replica, and a Sentinel that promotes it.
	Sentinel Topology = "sentinel"
	// Cluster is a Redis Cluster of three masters with a replica each.
	Cluster Topology = "cluster"
)

// Topologies are all of them.
var Topologies = []Topology{Memory, Standalone, Sentinel, Cluster}

// startData starts what the topology keeps messages in, and says where it is.
func (d *Deployment) startData() error {
	switch d.o.Topology {
	case Memory:
		return nil
	case Standalone:
		return d.startStandalone()
	case Sentinel:
		return d.startSentinel()
	case Cluster:
		return d.startCluster()
	default:
		return fmt.Errorf("no topology %q: there are %v", d.o.Topology, Topologies)
	}
}

func (d *Deployment) startStandalone() error {
	r, err := d.startRedis("redis", func(string) []string { return nil })
	d.Redis = append(d.Redis, r)
	return err
}

func announce(front string) []string {
	return []string{"--replica-announce-ip", "127.0.0.1", "--replica-announce-port", portOf(front)}
}

func (d *Deployment) startSentinel() error {
	master, err := d.startRedis("redis-1", announce)
	if err != nil {
		return err
	}
	replica, err := d.startRedis("redis-2", func(front string) []string {
		return append(announce(front), "--replicaof", "127.0.0.1 "+portOf(master.Proxy.Addr()))
	})
	if err != nil {
		return err
	}
	d.Redis = append(d.Redis, master, replica)
	if err := until("the replica follows", func() bool { return replica.has("replication", "master_link_status:up") }); err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	file := filepath.Join(d.o.Dir, "sentinel.conf")
	config := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n",
		portOf(addr), d.o.Dir, portOf(master.Proxy.Addr()))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	d.sentinel = &Redis{Process: &Process{
		Name: "sentinel", Addr: addr, program: "redis-server", args: []string{file, "--sentinel"}, log: filepath.Join(d.o.Dir, "sentinel.log"),
	}}
	if err := d.startProcess(d.sentinel.Process); err != nil {
		return err
	}
	return until("the Sentinel knows the replica", func() bool { return d.sentinel.has("sentinel", "slaves=1") })
}

// has reports whether a section of INFO holds a text.
func (r *Redis) has(section, text string) bool {
	info, err := r.Do("INFO", section)
	return err == nil && strings.Contains(info, text)
}

const (
	masters = 3
	slots   = 16384
)

func (d *Deployment) startCluster() error {
	bus := make([]string, 2*masters)
	for n := range 2 * masters {
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		bus[n] = portOf(addr)
		r, err := d.startRedis(fmt.Sprintf("redis-%d", n+1), func(front string) []string {
			return []string{
				"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "1500",
				"--cluster-port", bus[n], "--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", portOf(front),
				"--cluster-announce-bus-port", bus[n], "--cluster-require-full-coverage", "no",
				"--cluster-migration-barrier", "10", // replicas stay with their masters
			}
		})
		if err != nil {
			return err
		}
		d.Redis = append(d.Redis, r)
	}
	for n, r := range d.Redis {
		if _, err := d.Redis[0].Do("CLUSTER", "MEET", "127.0.0.1", portOf(r.Addr), bus[n]); n > 0 && err != nil {
			return err
		}
		if n < masters {
			if _, err := r.Do("CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(n*slots/masters), fmt.Sprint((n+1)*slots/masters-1)); err != nil {
				return err
			}
		}
	}
	if err := d.allKnow("nodes know each other", "cluster_known_nodes:6"); err != nil {
		return err
	}
	for n, r := range d.Redis[masters:] {
		id, err := d.Redis[n].Do("CLUSTER", "MYID")
		if err != nil {
			return err
		}
		if err := until("a replica finds its master", func() bool { _, err := r.Do("CLUSTER", "REPLICATE", id); return err == nil }); err != nil {
			return err
		}
	}
	if err := d.allKnow("the cluster is whole", "cluster_state:ok"); err != nil {
		return err
	}
	return until("replicas follow", func() bool {
		for _, r := range d.Redis[masters:] {
			if !r.has("replication", "master_link_status:up") {
				return false
			}
		}
		return true
	})
}

func (d *Deployment) allKnow(what, text string) error {
	return until(what, func() bool {
		for _, r := range d.Redis {
			if info, err := r.Do("CLUSTER", "INFO"); err != nil || !strings.Contains(info, text) {
				return false
			}
		}
		return true
	})
}

// redisURL is what server n is told, and the proxies that its connections to Redis go through, as far as they are its own.
func (d *Deployment) redisURL() (address string, own *proxy.Proxy, err error) {
	switch d.o.Topology {
	case Memory:
		return "", nil, nil
	case Standalone:
		own, err := proxy.Start(d.Redis[0].Addr)
		if err != nil {
			return "", nil, err
		}
		d.proxies = append(d.proxies, own)
		return "redis://" + own.Addr(), own, nil
	case Sentinel:
		return "redis+sentinel://" + d.sentinel.Addr + "?master=main", nil, nil
	default:
		query := make(url.Values)
		for _, r := range d.Redis[1:] {
			query.Add("addr", r.Proxy.Addr())
		}
		return "redis+cluster://" + d.Redis[0].Proxy.Addr() + "?" + query.Encode(), nil, nil
	}
}
