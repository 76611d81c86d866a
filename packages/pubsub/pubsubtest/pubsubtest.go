// Package pubsubtest states every promise of [pubsub.Broker] as a test. An implementation calls
// [Run] from a test of its own, once for each way it can be set up; there is no opting out.
//
//	func TestBroker(t *testing.T) {
//		pubsubtest.Run(t, func(tb testing.TB) pubsubtest.Fixture {
//			return pubsubtest.Fixture{Open: func(tb testing.TB) pubsub.Broker { … }}
//		})
//	}
//
// A case that fails does so with the promise's own sentence.
package pubsubtest

import (
	"testing"
	"time"

	"magpie.build/packages/pubsub"
)

// Fixture is one empty deployment. Every case gets its own.
type Fixture struct {
	// Open starts the deployment's first process. What it needs is released by t.Cleanup, the
	// broker itself by the suite.
	Open func(tb testing.TB) pubsub.Broker
	// Peer starts another process of the same deployment. Nil says that a deployment is one
	// process; the cases for several then use that one in every role.
	Peer func(tb testing.TB) pubsub.Broker
	// Doomed starts another process that kill ends without a farewell, as kill -9 would. It is nil
	// exactly when Peer is.
	Doomed func(tb testing.TB) (broker pubsub.Broker, kill func())
}

// promise is one case.
type promise struct {
	name     string
	sentence string
	keep     func(*suite)
}

// promises come in the order in which a reader of the contract meets them.
var promises = [][]promise{publishing, histories, deliveries, presences, crowds, endings}

// patience is how long a case waits for what was promised; nothing takes that long on a machine
// that is not overloaded.
const patience = 30 * time.Second

// Run checks every promise against the deployments that open makes. Cases run in parallel.
func Run(t *testing.T, open func(tb testing.TB) Fixture) {
	t.Helper()
	for _, group := range promises {
		for _, p := range group {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				s := &suite{TB: t, sentence: p.sentence}
				s.fixture = open(s)
				p.keep(s)
			})
		}
	}
}
