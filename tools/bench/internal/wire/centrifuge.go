package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// Centrifuge is the Centrifuge client protocol, version 2, in its JSON form.
type Centrifuge struct{}

var _ Protocol = Centrifuge{}

func (Centrifuge) path() string { return "/connection/websocket" }

func (Centrifuge) join(c *Conn, channel string) error {
	_, err := c.subscribe(channel, nil)
	return err
}

// A Position is where a subscriber stands in a channel.
type Position struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

// A Subscribed is the server's answer to a subscribe command.
type Subscribed struct {
	Position

	Recovered bool `json:"recovered"`
	// Missed is what the reply holds of what was missed, and what came along with it.
	Missed []Publication `json:"-"`
}

// Subscribe is [Join] from a position, or from now where since is nil, and returns the server's answer too.
func Subscribe(ctx context.Context, addr, channel string, since *Position) (*Conn, Subscribed, error) {
	c, err := Dial(ctx, Centrifuge{}, addr)
	if err != nil {
		return nil, Subscribed{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	answer, err := c.subscribe(channel, since)
	if err != nil {
		_ = c.Close()
		return nil, answer, fmt.Errorf("subscribe to %q at %s: %w", channel, addr, err)
	}
	return c, answer, nil
}

// subscribe says hello and subscribes to a channel, unless its name is empty, from a position where there is one.
func (c *Conn) subscribe(channel string, since *Position) (answer Subscribed, err error) {
	hello, replies := []byte(`{"id":1,"connect":{}}`), 1
	if channel != "" {
		hello, replies = fmt.Appendf(hello, "\n"+`{"id":2,"subscribe":{"channel":%q`, channel), 2
		if since != nil {
			hello = fmt.Appendf(hello, `,"recover":true,"epoch":%q,"offset":%d`, since.Epoch, since.Offset)
		}
		hello = append(hello, "}}"...)
	}
	if err := c.Send(hello); err != nil {
		return answer, err
	}
	for replies > 0 {
		message, err := c.Next()
		if err != nil {
			return answer, err
		}
		for object := range bytes.SplitSeq(message, newline) {
			if err := replyError(object); err != nil {
				return answer, err
			}
			if bytes.HasPrefix(object, []byte(`{"id":`)) {
				replies--
			}
			if bytes.HasPrefix(object, []byte(`{"id":2,`)) {
				if err := answer.read(object); err != nil {
					return answer, fmt.Errorf("read the answer to subscribe: %w", err)
				}
			}
			for rest := object; ; {
				p, ok := parse(rest)
				if !ok {
					break
				}
				answer.Missed = append(answer.Missed, p)
				_, rest, _ = bytes.Cut(rest, marker)
			}
		}
	}
	return answer, nil
}

// read reads all of an answer but the publications, which would take the load longer than the server that sent them.
func (s *Subscribed) read(object []byte) error {
	var reply struct{ Subscribe *Subscribed }
	reply.Subscribe = s
	if head, rest, ok := bytes.Cut(object, []byte(`"publications":[`)); ok {
		object = append(append([]byte(nil), head...), `"publications":[`...)
		object = append(object, rest[bytes.LastIndexByte(rest, ']'):]...)
	}
	return json.Unmarshal(object, &reply)
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

func (Centrifuge) publication(b []byte, channel string, seq int64) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), seq+2, 10)
	return fmt.Appendf(b, `,"publish":{"channel":%q,"data":`, channel)
}

func (Centrifuge) publicationEnd() string { return "}}" }

func (Centrifuge) hear(c *Conn, object []byte) error {
	if string(object) == "{}" {
		return c.Send(object) // ping and pong
	}
	return replyError(object)
}
