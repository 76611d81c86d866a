package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// Join opens a connection, says hello and subscribes to a channel. An empty channel is not subscribed.
func Join(ctx context.Context, addr, channel string) (*Conn, error) {
	c, err := Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := c.join(channel); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("join %q at %s: %w", channel, addr, err)
	}
	return c, nil
}

func (c *Conn) join(channel string) error {
	hello, replies := []byte(`{"id":1,"connect":{}}`), 1
	if channel != "" {
		name, err := json.Marshal(channel)
		if err != nil {
			return err
		}
		hello, replies = fmt.Appendf(hello, "\n"+`{"id":2,"subscribe":{"channel":%s}}`, name), 2
	}
	if err := c.Send(hello); err != nil {
		return err
	}
	for replies > 0 {
		message, err := c.Next()
		if err != nil {
			return err
		}
		for object := range bytes.SplitSeq(message, newline) {
			if err := replyError(object); err != nil {
				return err
			}
			if bytes.HasPrefix(object, []byte(`{"id":`)) {
				replies--
			}
		}
	}
	return nil
}

func replyError(object []byte) error {
	if !bytes.Contains(object, []byte(`"error"`)) {
		return nil
	}
	var reply struct {
		Error *struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal(object, &reply); err != nil || reply.Error == nil {
		return nil //nolint:nilerr // a payload may speak of errors too
	}
	return fmt.Errorf("the server answers error %d: %s", reply.Error.Code, reply.Error.Message)
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
	b := make([]byte, 0, size+len(channel)+100)
	b = fmt.Appendf(b, `{"id":%d,"publish":{"channel":%q,"data":`, p.Seq+2, channel)
	data := len(b)
	b = fmt.Appendf(b, `{"bench":[%d,%d,%d],"pad":"`, p.Sender, p.Seq, p.At)
	b = append(b, bytes.Repeat([]byte("m"), max(0, size-(len(b)-data)-2))...)
	return c.Send(append(b, `"}}}`...))
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
			if len(object) <= 2 {
				if len(object) == 2 {
					err = c.Send([]byte("{}")) // the protocol's own ping and pong
				}
			} else if p, ok := parse(object); ok {
				publication(p)
			} else if e := replyError(object); e != nil {
				refused(e)
			}
		}
		if err != nil {
			return err
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
