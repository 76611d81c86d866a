//go:build !magpie_unsafe

// Package sabotage switches promises of the brokers off, one by one, so that tools/chaos can prove that it would notice. Only a
// program built with the tag magpie_unsafe obeys; in all others these are constants, and what they switch is compiled away.
package sabotage

// What is switched off. Nothing is.
const (
	// NoRepair has nobody look for publications that did not arrive.
	NoRepair = false
	// NoFence has an epoch go on after a failover took back what was published in it.
	NoFence = false
	// NoIdempotency publishes a retry as another message.
	NoIdempotency = false
	// NoOrder delivers in any order.
	NoOrder = false
	// NoReceipt acknowledges what a server did not accept.
	NoReceipt = false
)
