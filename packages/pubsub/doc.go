// Package pubsub moves publications between the servers of one deployment and keeps each
// channel's recent history.
//
// A [Broker] is the contract; package memory keeps everything in one process (and, given a
// directory, on disk), package redis joins any number of processes. Package pubsubtest states
// every promise made here as a test, and each implementation passes all of them.
//
// Begin with memory.Open or redis.Open, run the broker with a [Handler], then publish:
//
//	broker, err := memory.Open(memory.Options{})
//	...
//	go broker.Run(ctx, handler)
//	position, err := broker.Publish(ctx, "room-1", []byte("hello"), pubsub.PublishOptions{HistorySize: 100})
//
// # What a broker promises
//
// Within a channel and an epoch offsets are 1, 2, 3 …, and a handler sees them in that order,
// none twice and none left out. Where a broker cannot keep that (history trimmed before a gap
// was filled, a restart that lost its history) it says so through [Handler.HandleBreak] before it
// delivers anything later: it never loses a publication silently. A publication without history is
// delivered at most once and has no position.
//
// Presence is who is in a channel, over all processes. A member entered by a process that was killed
// leaves within seconds.
//
// What it leaves to others: who may publish what, and what the bytes mean.
package pubsub
