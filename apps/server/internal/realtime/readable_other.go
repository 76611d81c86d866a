//go:build !unix

package realtime

// readable is for systems whose sockets can be waited for without reading a message.
type readable struct{}

func (*readable) bind(*socket) {}

func (*readable) waits() bool { return false }

func (*readable) wait(func() bool) error { return nil }
