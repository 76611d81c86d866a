package realtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/apps/server/internal/filter"
)

// decode reads commands, each after its length.
func (protobufCodec) decode(message []byte) ([]command, error) {
	if len(message) == 0 {
		return nil, fmt.Errorf("%w: empty", errMalformed)
	}
	var commands []command
	for len(message) > 0 {
		if len(commands) == maxCommands {
			return nil, errTooManyCommands
		}
		fields, n := protowire.ConsumeBytes(message)
		if n < 0 {
			return nil, fmt.Errorf("%w: length: %w", errMalformed, protowire.ParseError(n))
		}
		message = message[n:]
		var cmd command
		if err := decodeFields(fields, cmd.decodeField); err != nil {
			return nil, err
		}
		commands = append(commands, cmd)
	}
	return commands, nil
}

// value is a field's, of whatever type.
type value struct {
	kind   protowire.Type
	number uint64
	bytes  []byte
}

// decodeFields reads a message's fields. What is not known is passed over, as protobuf wants it.
func decodeFields(message []byte, field func(number protowire.Number, v value) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("%w: field: %w", errMalformed, protowire.ParseError(n))
		}
		message = message[n:]
		v := value{kind: kind}
		switch kind {
		case protowire.VarintType:
			v.number, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return fmt.Errorf("%w: field %d: %w", errMalformed, number, protowire.ParseError(n))
		}
		message = message[n:]
		if err := field(number, v); err != nil {
			return err
		}
	}
	return nil
}

// varint checks that the value is a number.
func (v value) varint() error {
	if v.kind != protowire.VarintType {
		return fmt.Errorf("%w: a number was expected", errMalformed)
	}
	return nil
}

// run checks that the value is a run of bytes.
func (v value) run() error {
	if v.kind != protowire.BytesType {
		return fmt.Errorf("%w: bytes were expected", errMalformed)
	}
	return nil
}

func (v value) bool(into *bool) error {
	*into = v.number != 0
	return v.varint()
}

func (v value) uint32(into *uint32) error {
	*into = uint32(v.number)
	return v.varint()
}

func (v value) int32(into *int32) error {
	*into = int32(v.number)
	return v.varint()
}

func (v value) uint64(into *uint64) error {
	*into = v.number
	return v.varint()
}

func (v value) int64(into *int64) error {
	*into = int64(v.number)
	return v.varint()
}

func (v value) text(into *string) error {
	if !utf8.Valid(v.bytes) {
		return fmt.Errorf("%w: not UTF-8", errMalformed)
	}
	*into = string(v.bytes)
	return v.run()
}

func (v value) data(into *json.RawMessage) error {
	*into = bytes.Clone(v.bytes)
	return v.run()
}

// message reads a message. One that comes in several fields is all of them together, as protobuf wants it.
func message[T any](v value, into **T, field func(m *T, number protowire.Number, v value) error) error {
	if *into == nil {
		*into = new(T)
	}
	if err := v.run(); err != nil {
		return err
	}
	return decodeFields(v.bytes, func(number protowire.Number, v value) error { return field(*into, number, v) })
}

// decodeField reads a field of a Command.
func (cmd *command) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.uint32(&cmd.ID)
	case 4:
		return message(v, &cmd.Connect, (*connectCommand).decodeField)
	case 5:
		return message(v, &cmd.Subscribe, (*subscribeCommand).decodeField)
	case 6:
		return message(v, &cmd.Unsubscribe, (*channelCommand).decodeField)
	case 7:
		return message(v, &cmd.Publish, (*publishCommand).decodeField)
	case 8:
		return message(v, &cmd.Presence, (*channelCommand).decodeField)
	case 9:
		return message(v, &cmd.PresenceStats, (*channelCommand).decodeField)
	case 10:
		return message(v, &cmd.History, (*historyCommand).decodeField)
	case 11:
		cmd.Ping = new(json.RawMessage)
		return v.data(cmd.Ping)
	case 12:
		cmd.Send = new(json.RawMessage)
		return v.data(cmd.Send)
	case 13:
		return message(v, &cmd.RPC, (*rpcCommand).decodeField)
	case 14:
		return message(v, &cmd.Refresh, (*refreshCommand).decodeField)
	case 15:
		return message(v, &cmd.SubRefresh, (*subRefreshCommand).decodeField)
	default:
		return nil
	}
}

func (c *connectCommand) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.text(&c.Token)
	case 2:
		return v.data(&c.Data)
	case 3:
		return c.decodeSub(v)
	case 4:
		return v.text(&c.Name)
	case 5:
		return v.text(&c.Version)
	default:
		return nil
	}
}

// decodeSub reads an entry of the map of channels.
func (c *connectCommand) decodeSub(v value) error {
	if err := v.run(); err != nil {
		return err
	}
	var channel string
	sub := new(subscribeCommand)
	err := decodeFields(v.bytes, func(number protowire.Number, v value) error {
		switch number {
		case 1:
			return v.text(&channel)
		case 2:
			return message(v, &sub, (*subscribeCommand).decodeField)
		default:
			return nil
		}
	})
	if c.Subs == nil {
		c.Subs = map[string]*subscribeCommand{}
	}
	c.Subs[channel] = sub
	return err
}

func (c *subscribeCommand) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.text(&c.Channel)
	case 2:
		return v.text(&c.Token)
	case 3:
		return v.bool(&c.Recover)
	case 6:
		return v.text(&c.Epoch)
	case 7:
		return v.uint64(&c.Offset)
	case 8:
		return v.data(&c.Data)
	case 12:
		return v.text(&c.Delta)
	case 13:
		c.Filter = append(c.Filter, v.bytes...) // as message does
		return v.run()
	case 14:
		return v.int64(&c.Flag)
	case 15:
		return v.int32(&c.Type)
	default:
		return nil
	}
}

func (protobufCodec) filter(encoded []byte) (*filter.Node, error) {
	n := new(filter.Node)
	return n, decodeFields(encoded, filterFields(n))
}

// filterFields reads the fields of a FilterNode.
func filterFields(n *filter.Node) func(number protowire.Number, v value) error {
	return func(number protowire.Number, v value) error {
		switch number {
		case 1:
			return v.text(&n.Op)
		case 2:
			return v.text(&n.Key)
		case 3:
			return v.text(&n.Cmp)
		case 4:
			return v.text(&n.Val)
		case 5:
			n.Vals = append(n.Vals, "")
			return v.text(&n.Vals[len(n.Vals)-1])
		case 6:
			if err := v.run(); err != nil {
				return err
			}
			var child filter.Node
			err := decodeFields(v.bytes, filterFields(&child))
			n.Nodes = append(n.Nodes, child)
			return err
		default:
			return nil
		}
	}
}

func (c *channelCommand) decodeField(number protowire.Number, v value) error {
	if number != 1 {
		return nil
	}
	return v.text(&c.Channel)
}

func (c *publishCommand) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.text(&c.Channel)
	case 2:
		return v.data(&c.Data)
	case 3:
		return v.int32(&c.Type)
	case 4:
		return v.text(&c.Key)
	case 5:
		return v.bool(&c.Removed)
	default:
		return nil
	}
}

func (c *historyCommand) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.text(&c.Channel)
	case 7:
		return v.int32(&c.Limit)
	case 8:
		return message(v, &c.Since, (*streamPosition).decodeField)
	case 9:
		return v.bool(&c.Reverse)
	default:
		return nil
	}
}

func (p *streamPosition) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.uint64(&p.Offset)
	case 2:
		return v.text(&p.Epoch)
	default:
		return nil
	}
}

func (c *rpcCommand) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.data(&c.Data)
	case 2:
		return v.text(&c.Method)
	default:
		return nil
	}
}

func (c *refreshCommand) decodeField(number protowire.Number, v value) error {
	if number != 1 {
		return nil
	}
	return v.text(&c.Token)
}

func (c *subRefreshCommand) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.text(&c.Channel)
	case 2:
		return v.text(&c.Token)
	case 3:
		return v.int32(&c.Type)
	default:
		return nil
	}
}
