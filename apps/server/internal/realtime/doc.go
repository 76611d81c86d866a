// Package realtime holds connections and channels: it speaks the Centrifuge client protocol, version
// 2, as JSON or protobuf over WebSockets and streams of HTTP, also to clients that only listen (unidirectional.go), and fans
// the publications of a [pubsub.Broker] out to who subscribed. It knows nothing of what is said: a [Handler] decides who may connect, subscribe and
// publish.
//
// Begin with [New], run the hub, and mount it:
//
//	hub := realtime.New(broker, handler, realtime.Options{})
//	go hub.Run(ctx)
//	mux.Handle("/", hub.Routes())
//
// # What it promises
//
// A subscriber of a recoverable channel sees each publication's offset once and in order. Where that
// cannot be kept it is told before it sees anything later: by "recovered": false, or by an unsubscribe
// push with code 2500, after which clients subscribe anew. A subscriber of any other channel sees
// what is published while it is connected, in order. A subscribe's reply comes before the channel's
// first push.
//
// A reader that is slow delays nobody. While its socket is full it lags in the channel's log; past
// [Options.MaxBacklogBytes] it goes on from history, or is disconnected where there is none; past
// [Options.MaxBacklogTime] it is disconnected.
//
// # A publication's way
//
// The broker calls [Hub.HandlePublication], which frames it once in each form of the protocol that
// somebody subscribed here speaks (codec.go, json.go, protobuf.go), and appends it to the channel's log
// (log.go), in which each subscription is a cursor (subscription.go). That marks the channel in those
// shards that have subscribers (delivery.go); a shard writes to each connection what it has not seen
// (shard.go, connection.go), straight to the socket beneath coder/websocket, as a server's frames are
// the same for everybody (socket.go).
//
// # Goroutines
//
//	goroutine              started by     owns                          fed by                    ended by
//	the broker's           Hub.Run        nothing here; calls Handle…   the broker                the end of Run
//	shard.run, one a core  Hub.Run        its scratch; the writing of   marked channels, and      the end of Run
//	                                      its connections               connections with replies
//	wheel.run              Hub.Run        the wheel's hand              a ticker                  the end of Run
//	connection.rest        Hub.ServeHTTP  nothing; it only waits        the socket                something having come in
//	Hub.runReader, a few   connection.    one client's commands and     sockets with something    the end of Run, or
//	                       rest           subscriptions at a time       to read                   others enough being idle
//	connection.catchUp     connection.    the writing of one            the socket, the log,      the client having caught
//	                       flush          connection whose socket is    history                   up, or having taken
//	                                      full                                                    too long
//	connection.lapse       wheel.run      the connection's turn         subscriptions that expired    their end
//
// A connection belongs to one goroutine at a time: to a resting one until its client says something, then to
// a reader until that is done (resting.go). Where sockets cannot be waited for without reading (TLS, Windows),
// and on streams, it stays with its reader.
//
// Run waits for all of them. Where sockets cannot be written to without waiting (streams, TLS,
// Windows) each connection with something to say is written by catchUp. A stream's reader is the goroutine of
// its HTTP request; its commands come with other requests, to whichever server, which hands them to
// that stream's inbox (emulation.go).
//
// A connection's turn (order.go) is held while one of its client's commands or of the server's orders is
// carried out, broker and all, and is taken before any lock.
//
// Locks are taken in this order: an audience's, a connection's, then a channel's, a transport's or a
// shard's. The hub's comes before the wheel's, and before no other. Nothing waits while it holds one,
// but for a channel's turn, which is held while the broker is asked, and a transport's flush, which is
// held while a socket is waited for.
package realtime
