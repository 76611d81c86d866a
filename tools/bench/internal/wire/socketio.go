package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// SocketIO is Socket.IO's protocol, version 5, over its transport's WebSocket, with the events of the server that it is
// measured by: join and publish, each with a room, and acknowledged.
type SocketIO struct{}

var _ Protocol = SocketIO{}

func (SocketIO) path() string { return "/socket.io/?EIO=4&transport=websocket" }

func (SocketIO) join(c *Conn, channel string) error {
	if err := c.await("0"); err != nil { // opened
		return err
	}
	if err := c.Send([]byte("40")); err != nil {
		return err
	}
	if err := c.await("40"); err != nil || channel == "" {
		return err
	}
	if err := c.Send(fmt.Appendf(nil, `421["join",%q]`, channel)); err != nil {
		return err
	}
	return c.await("431[")
}

// await reads messages until one begins so.
func (c *Conn) await(prefix string) error {
	for {
		message, err := c.Next()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(message, []byte(prefix)) {
			return nil
		}
		if err := c.protocol.hear(c, message); err != nil {
			return err
		}
	}
}

func (SocketIO) publication(b []byte, channel string, _ int64) []byte {
	return fmt.Appendf(b, `421["publish",%q,`, channel)
}

func (SocketIO) publicationEnd() string { return "]" }

func (SocketIO) hear(c *Conn, packet []byte) error {
	switch {
	case string(packet) == "2":
		return c.Send([]byte("3")) // ping and pong
	case bytes.HasPrefix(packet, []byte("44")):
		return errors.New("the server refuses: " + string(packet))
	}
	return nil
}
