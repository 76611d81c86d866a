package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/chaos/internal/proxy"
	"magpie.build/tools/chaos/internal/record"
)

// unreplicated is for how long a master is written to that nobody replicates, before it is killed.
const unreplicated = 700 * time.Millisecond

// failover cuts a master's replication, lets it accept some more, kills it, and waits until its replica is the master. Healing
// starts the old one again, as a replica.
func (d *Deployment) failover(pick int) (Wound, error) {
	var candidates []*Redis
	for _, r := range d.Redis {
		if r.has("replication", "role:master") && r.has("replication", "state=online") {
			candidates = append(candidates, r)
		}
	}
	if len(candidates) == 0 {
		return Wound{}, errors.New("no master has a replica now")
	}
	master := choose(candidates, pick)
	replica, err := d.replicaOf(master)
	if err != nil {
		return Wound{}, err
	}
	end := master.Proxy.Mute(proxy.Replica, proxy.FromServer)
	<-time.After(unreplicated)
	master.Kill()
	end()
	heal := func() error {
		if err := master.Start(); err != nil {
			return err
		}
		// Either may follow: a Sentinel that found the new master too slow to answer has promoted the old one again. Or neither,
		// as long as one whose clock jumped does nothing. That is not for us to heal.
		_ = until(master.Name+" and "+replica.Name+" follow one another", func() bool {
			return master.has("replication", "master_link_status:up") || replica.has("replication", "master_link_status:up")
		})
		return nil
	}
	err = until(replica.Name+" is promoted", func() bool { return replica.has("replication", "role:master") })
	if err != nil {
		return Wound{}, errors.Join(err, master.Start())
	}
	return Wound{fmt.Sprintf("%s, %s is master now", master.Name, replica.Name), heal}, nil
}

// replicaOf returns who replicates from a master.
func (d *Deployment) replicaOf(master *Redis) (*Redis, error) {
	for _, r := range d.Redis {
		if r.has("replication", "master_port:"+portOf(master.Proxy.Addr())+"\r") {
			return r, nil
		}
	}
	return nil, fmt.Errorf("nobody replicates from %s", master.Name)
}

// migrateSlots moves every slot that holds keys of one master to another.
func (d *Deployment) migrateSlots(pick int) (Wound, error) {
	var all []*Redis
	for _, r := range d.Redis {
		if r.has("replication", "role:master") && r.has("server", "redis_mode:cluster") {
			all = append(all, r)
		}
	}
	if len(all) < 2 {
		return Wound{}, errors.New("there are no two masters now")
	}
	var from *Redis
	var occupied []string
	for n := range all {
		from = choose(all, pick+n)
		var err error
		if occupied, err = from.occupied(); err != nil {
			return Wound{}, err
		}
		if len(occupied) > 0 {
			pick += n
			break
		}
	}
	to := choose(all, pick+1)
	defer d.migrates()()
	for _, slot := range occupied {
		if err := move(slot, from, to); err != nil {
			return Wound{}, fmt.Errorf("move slot %s from %s to %s: %w", slot, from.Name, to.Name, err)
		}
	}
	return Wound{fmt.Sprintf("%d from %s to %s", len(occupied), from.Name, to.Name), func() error { return nil }}, nil
}

// migrates notes that slots move, until the returned function is called.
func (d *Deployment) migrates() (end func()) {
	began := d.o.Elapsed()
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.migrated = append(d.migrated, record.Span{From: began, To: d.o.Elapsed()})
	}
}

// migrations are the times in which slots moved.
func (d *Deployment) migrations() []record.Span {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.migrated)
}

// occupied are the slots that hold keys.
func (r *Redis) occupied() ([]string, error) {
	keys, err := r.Do("KEYS", "*")
	if err != nil || keys == "" {
		return nil, err
	}
	seen := make(map[string]bool)
	var occupied []string
	for key := range strings.SplitSeq(keys, "\n") {
		slot, err := r.Do("CLUSTER", "KEYSLOT", key)
		if err != nil {
			return nil, err
		}
		if !seen[slot] {
			seen[slot] = true
			occupied = append(occupied, slot)
		}
	}
	return occupied, nil
}

// move does what redis-cli does to reshard one slot.
func move(slot string, from, to *Redis) error {
	source, err := from.Do("CLUSTER", "MYID")
	if err != nil {
		return err
	}
	target, err := to.Do("CLUSTER", "MYID")
	if err != nil {
		return err
	}
	steps := []struct {
		node *Redis
		args []string
	}{
		{to, []string{"CLUSTER", "SETSLOT", slot, "IMPORTING", source}},
		{from, []string{"CLUSTER", "SETSLOT", slot, "MIGRATING", target}},
	}
	for _, s := range steps {
		if _, err := s.node.Do(s.args...); err != nil {
			return err
		}
	}
	for {
		keys, err := from.Do("CLUSTER", "GETKEYSINSLOT", slot, "100")
		if err != nil {
			return err
		}
		if keys == "" {
			break
		}
		args := append([]string{"MIGRATE", "127.0.0.1", portOf(to.Addr), "", "0", "2000", "REPLACE", "KEYS"}, strings.Split(keys, "\n")...)
		if _, err := from.Do(args...); err != nil {
			return err
		}
	}
	for _, node := range []*Redis{to, from} {
		if _, err := node.Do("CLUSTER", "SETSLOT", slot, "NODE", target); err != nil {
			return err
		}
	}
	return nil
}
