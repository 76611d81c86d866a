package deploy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie.build/tools/chaos/internal/proxy"
)

// Fault is something that can go wrong.
type Fault struct {
	Name string
	// Help says what it does.
	Help string
	// Blind is where nobody can notice anything while it lasts.
	Blind []Topology
	// Least is how long it lasts at least.
	Least time.Duration
	// Topologies are where it can happen; none means everywhere.
	Topologies []Topology

	inflict func(d *Deployment, pick int) (Wound, error)
}

// Wound is a fault that was inflicted.
type Wound struct {
	// What says to whom.
	What string
	// Heal ends it.
	Heal func() error
}

// Faults are all that can be done to servers and their connections.
var Faults = []Fault{
	{Name: "kill-server", Help: "kill -9 of a server, which is started again", inflict: (*Deployment).killServer},
	{Name: "stop-server", Help: "SIGSTOP of a server, and later SIGCONT", Blind: Topologies, inflict: (*Deployment).stopServer},
	{Name: "drain-server", Help: "SIGTERM of a server, which is started again", inflict: (*Deployment).drainServer},
	{Name: "cut-clients", Help: "all connections of people to a server are cut, and refused for a while", inflict: (*Deployment).cutClients},
	{Name: "half-open-clients", Help: "connections of people to a server stay open and carry nothing", Blind: Topologies, inflict: (*Deployment).halfOpenClients},
	{Name: "mute-acks", Help: "connections of people to a server carry what they send and nothing of what it answers", Blind: Topologies, inflict: (*Deployment).muteAcks},
	{Name: "delay-clients", Help: "connections of people are slow, each differently", inflict: (*Deployment).delayClients},
	{Name: "cut-power", Help: "a server is killed, and what its disk had not confirmed is gone", Blind: Topologies, Topologies: []Topology{Memory}, inflict: (*Deployment).cutPower},
	{Name: "fill-disk", Help: "the disk is full; Redis ends rather than go on", Blind: []Topology{Standalone}, Topologies: []Topology{Memory, Standalone}, inflict: (*Deployment).fillDisk},
	{Name: "kill-redis", Help: "kill -9 of a Redis, which is started again", Blind: Topologies, Topologies: withRedis, inflict: (*Deployment).killRedis},
	{Name: "stop-redis", Help: "SIGSTOP of a Redis, and later SIGCONT", Blind: Topologies, Topologies: withRedis, inflict: (*Deployment).stopRedis},
	{Name: "sleep-redis", Help: "DEBUG SLEEP", Blind: Topologies, Topologies: withRedis, inflict: (*Deployment).sleepRedis},
	{Name: "kill-subscriptions", Help: "CLIENT KILL TYPE PUBSUB", Topologies: withRedis, inflict: (*Deployment).killSubscriptions},
	{Name: "mute-subscriptions", Help: "subscribed connections to Redis stay open and deliver nothing", Least: 7 * time.Second, Topologies: withRedis, inflict: (*Deployment).muteSubscriptions},
	{Name: "cut-redis", Help: "connections to Redis are cut, and refused for a while", Blind: Topologies, Topologies: withRedis, inflict: (*Deployment).cutRedis},
	{Name: "half-open-redis", Help: "connections to Redis stay open and carry nothing", Blind: Topologies, Topologies: withRedis, inflict: (*Deployment).halfOpenRedis},
	{Name: "delay-redis", Help: "connections to Redis are slow", Topologies: withRedis, inflict: (*Deployment).delayRedis},
	{Name: "reorder-redis", Help: "connections to Redis overtake one another", Topologies: withRedis, inflict: (*Deployment).reorderRedis},
	{Name: JumpClocks, Help: "the clock of a Redis or a Sentinel jumps, and later back (needs faketime)", Least: 3 * clockLook, Topologies: withRedis, inflict: (*Deployment).jumpClocks},
	{Name: "failover", Help: "replication is cut, then the master is killed and its replica promoted", Blind: Topologies, Topologies: withReplicas, inflict: (*Deployment).failover},
	{Name: "migrate-slots", Help: "all slots that hold something move to another node", Topologies: []Topology{Cluster}, inflict: (*Deployment).migrateSlots},
}

var (
	withRedis    = []Topology{Standalone, Sentinel, Cluster}
	withReplicas = []Topology{Sentinel, Cluster}
)

// Applies reports whether the fault can happen in a topology.
func (f Fault) Applies(t Topology) bool {
	return len(f.Topologies) == 0 || slices.Contains(f.Topologies, t)
}

// Inflict does it. The pick chooses to whom.
func (d *Deployment) Inflict(f Fault, pick int) (Wound, error) { return f.inflict(d, pick) }

func choose[T any](all []T, pick int) T { return all[pick%len(all)] }

func (d *Deployment) killServer(pick int) (Wound, error) {
	p := choose(d.Servers, pick)
	p.Kill()
	return Wound{p.Name, p.Start}, nil
}

func (d *Deployment) drainServer(pick int) (Wound, error) {
	p := choose(d.Servers, pick)
	p.Stop()
	return Wound{p.Name, p.Start}, nil
}

func (d *Deployment) stopServer(pick int) (Wound, error) {
	p := choose(d.Servers, pick)
	return Wound{p.Name, func() error { p.Resume(); return nil }}, p.Suspend()
}

func (d *Deployment) cutClients(pick int) (Wound, error) {
	front := choose(d.Fronts, pick)
	front.Refuse(true)
	n := front.Cut(proxy.Any)
	return Wound{fmt.Sprintf("%d connections to %s", n, choose(d.Servers, pick).Name), func() error { front.Refuse(false); return nil }}, nil
}

func (d *Deployment) halfOpenClients(pick int) (Wound, error) {
	return d.muteClients(pick, proxy.Both), nil
}

func (d *Deployment) muteAcks(pick int) (Wound, error) {
	return d.muteClients(pick, proxy.FromServer), nil
}

func (d *Deployment) muteClients(pick int, direction proxy.Direction) Wound {
	end := choose(d.Fronts, pick).Mute(proxy.Any, direction)
	return Wound{"those to " + choose(d.Servers, pick).Name, func() error { end(); return nil }}
}

// Delays that are long beside what the loopback takes, and short beside what may go unnoticed.
const (
	clientDelay = 800 * time.Millisecond
	redisDelay  = 200 * time.Millisecond
	reorderTime = 600 * time.Millisecond
)

func (d *Deployment) delayClients(int) (Wound, error) {
	set := func(delay time.Duration) {
		for _, front := range d.Fronts {
			front.Scatter(delay)
		}
	}
	set(clientDelay)
	return Wound{fmt.Sprintf("up to %v", clientDelay), func() error { set(0); return nil }}, nil
}

func (d *Deployment) fillDisk(int) (Wound, error) {
	free, err := d.disk.fill()
	return Wound{d.disk.dir, func() error { free(); return d.Revive() }}, err
}

func (d *Deployment) killRedis(pick int) (Wound, error) {
	r := choose(d.Redis, pick)
	r.Kill()
	return Wound{r.Name, r.Start}, nil
}

func (d *Deployment) stopRedis(pick int) (Wound, error) {
	r := choose(d.Redis, pick)
	return Wound{r.Name, func() error { r.Resume(); return nil }}, r.Suspend()
}

// sleepTime is how long DEBUG SLEEP lasts: it cannot be ended.
const sleepTime = 2 * time.Second

func (d *Deployment) sleepRedis(pick int) (Wound, error) {
	r := choose(d.Redis, pick)
	done := make(chan error, 1)
	go func() {
		_, err := r.Do("DEBUG", "SLEEP", fmt.Sprint(sleepTime.Seconds()))
		done <- err
	}()
	heal := func() error {
		if err := <-done; errors.Is(err, errRedis) {
			return err
		}
		return nil // killed meanwhile, it does not sleep any more
	}
	return Wound{fmt.Sprintf("%s for %v", r.Name, sleepTime), heal}, nil
}

func (d *Deployment) killSubscriptions(int) (Wound, error) {
	var killed []string
	var problems []error
	for _, r := range d.Redis {
		n, err := r.Do("CLIENT", "KILL", "TYPE", "PUBSUB")
		problems = append(problems, err)
		killed = append(killed, n)
	}
	return Wound{"connections: " + strings.Join(killed, ", "), func() error { return nil }}, errors.Join(problems...)
}

// ways are the proxies between a server and Redis; where servers find Redis by themselves, those between all servers and
// one Redis.
func (d *Deployment) ways(pick int) (name string, way *proxy.Proxy) {
	if len(d.Backs) > 0 {
		return "those of " + choose(d.Servers, pick).Name, choose(d.Backs, pick)
	}
	r := choose(d.Redis, pick)
	return "those to " + r.Name, r.Proxy
}

func (d *Deployment) muteSubscriptions(int) (Wound, error) {
	var ends []func()
	for pick := range max(len(d.Backs), len(d.Redis)) {
		_, way := d.ways(pick)
		ends = append(ends, way.Mute(proxy.Subscriber, proxy.FromServer))
	}
	return Wound{"all", func() error {
		for _, end := range ends {
			end()
		}
		return nil
	}}, nil
}

func (d *Deployment) cutRedis(pick int) (Wound, error) {
	name, way := d.ways(pick)
	way.Refuse(true)
	n := way.Cut(proxy.Any)
	return Wound{fmt.Sprintf("%d connections, %s", n, name), func() error { way.Refuse(false); return nil }}, nil
}

func (d *Deployment) halfOpenRedis(pick int) (Wound, error) {
	name, way := d.ways(pick)
	end := way.Mute(proxy.Any, proxy.Both)
	return Wound{name, func() error { end(); return nil }}, nil
}

func (d *Deployment) delayRedis(pick int) (Wound, error) {
	name, way := d.ways(pick)
	way.Delay(redisDelay)
	return Wound{fmt.Sprintf("%v, %s", redisDelay, name), func() error { way.Delay(0); return nil }}, nil
}

func (d *Deployment) reorderRedis(pick int) (Wound, error) {
	name, way := d.ways(pick)
	way.Scatter(reorderTime)
	return Wound{fmt.Sprintf("up to %v, %s", reorderTime, name), func() error { way.Scatter(0); return nil }}, nil
}
