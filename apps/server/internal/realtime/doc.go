// Package realtime holds connections and channels: it speaks the Centrifuge client protocol, version
// 2, over WebSockets, and fans publications of a [pubsub.Broker] out to who subscribed.
//
// It knows nothing of what is said: a [Handler] decides who may connect, subscribe and publish.
package realtime
