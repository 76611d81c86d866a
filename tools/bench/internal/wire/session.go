package wire

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
)

// A Protocol is what is said over a connection.
type Protocol interface {
	// path is where servers of the protocol take WebSocket connections.
	path() string
	// join says hello and subscribes to a channel, unless its name is empty.
	join(c *Conn, channel string) error
	// publication appends the beginning of a message that publishes to a channel; its data follows, and then what
	// publicationEnd returns.
	publication(b []byte, channel string, seq int64) []byte
	publicationEnd() string
	// hear is given what is no publication. It answers pings, and returns an error that the server reports.
	hear(c *Conn, object []byte) error
}

// Join opens a connection, says hello and subscribes to a channel. An empty channel is not subscribed.
func Join(ctx context.Context, protocol Protocol, addr, channel string) (*Conn, error) {
	c, err := Dial(ctx, protocol, addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := protocol.join(c, channel); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("join %q at %s: %w", channel, addr, err)
	}
	return c, nil
}

var newline = []byte("\n")

// A Publication is what [Conn.Publish] sends and [Conn.Receive] hands over.
type Publication struct {
	Sender int   // counts the publishers from 0
	Seq    int64 // counts a sender's publications from 1
	At     int64 // when it was due, in nanoseconds of the sender's clock
}

// Publish sends a publication to a channel and does not wait for the answer. The payload is padded to size
// bytes.
func (c *Conn) Publish(channel string, p Publication, size int) error {
	b := c.protocol.publication(make([]byte, 0, size+len(channel)+100), channel, p.Seq)
	data := len(b)
	b = fmt.Appendf(b, `{"bench":[%d,%d,%d],"pad":"`, p.Sender, p.Seq, p.At)
	b = append(b, bytes.Repeat([]byte("m"), max(0, size-(len(b)-data)-2))...)
	return c.Send(append(append(b, `"}`...), c.protocol.publicationEnd()...))
}

// Receive reads until the connection ends, and returns why it did. It answers the server's pings and calls
// publication for each that arrives, and refused for each command that was answered with an error.
func (c *Conn) Receive(publication func(Publication), refused func(error)) error {
	for {
		message, err := c.Next()
		if err != nil {
			return err
		}
		for object := range bytes.SplitSeq(message, newline) {
			if p, ok := parse(object); ok {
				publication(p)
			} else if err := c.protocol.hear(c, object); err != nil {
				refused(err)
			}
		}
	}
}

var marker = []byte(`"bench":[`)

// parse finds the three numbers without decoding all of the JSON around them: at a hundred thousand
// deliveries a second the decoder would be what is measured.
func parse(object []byte) (Publication, bool) {
	_, rest, found := bytes.Cut(object, marker)
	list, _, closed := bytes.Cut(rest, []byte("]"))
	if !found || !closed {
		return Publication{}, false
	}
	var numbers [3]int64
	n := 0
	for field := range bytes.SplitSeq(list, []byte(",")) {
		value, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil || n == len(numbers) {
			return Publication{}, false
		}
		numbers[n] = value
		n++
	}
	return Publication{Sender: int(numbers[0]), Seq: numbers[1], At: numbers[2]}, n == len(numbers)
}
