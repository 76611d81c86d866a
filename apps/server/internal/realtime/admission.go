package realtime

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// admission decides who may come in, before anything is spent on them: so many connections a second, and so
// many from one address and of one user at a time.
type admission struct {
	options *Options

	mu        sync.Mutex
	accepts   credit
	addresses map[netip.Addr]int
	users     map[string]int
}

func newAdmission(o *Options) *admission {
	return &admission{
		options:   o,
		accepts:   newCredit(time.Now(), o.AcceptsPerSecond),
		addresses: map[netip.Addr]int{},
		users:     map[string]int{},
	}
}

// refusal is an HTTP answer to who may not come in.
type refusal struct {
	status int
	reason string
}

// Error returns the reason.
func (r *refusal) Error() string { return r.reason }

// arrive lets a request from an address become a connection, until [admission.depart].
func (a *admission) arrive(address netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if limit := a.options.MaxConnectionsPerAddress; limit > 0 && address.IsValid() && a.addresses[address] >= limit {
		return &refusal{http.StatusTooManyRequests, fmt.Sprintf("your address has %d connections, which is the most", limit)}
	}
	if limit := a.options.AcceptsPerSecond; !a.accepts.allow(time.Now(), limit) {
		return &refusal{http.StatusServiceUnavailable, fmt.Sprintf("the server takes %d new connections a second, and others were first", limit)}
	}
	a.addresses[address]++
	return nil
}

// depart undoes arrive.
func (a *admission) depart(address netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	take(a.addresses, address)
}

// identify counts a connection as a user's, until [admission.release]. Nobody in particular has no limit.
func (a *admission) identify(user string) error {
	limit := a.options.MaxConnectionsPerUser
	if user == "" || limit <= 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users[user] >= limit {
		return DisconnectLimit
	}
	a.users[user]++
	return nil
}

// release undoes identify.
func (a *admission) release(user string) {
	if user == "" || a.options.MaxConnectionsPerUser <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	take(a.users, user)
}

// take counts one less, and forgets what there is none of.
func take[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

// refuse answers a request that does not become a connection.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable
	if r, ok := errors.AsType[*refusal](err); ok {
		status = r.status
	}
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, err.Error()+": try again in "+retryAfter+" seconds", status)
}
