//go:build !unix

package realtime

// readable is for systems whose sockets can be waited for without reading a message.
type readable struct{}

func newReadable(*socket) *readable { return nil }

func (*readable) wait() error { return nil }
