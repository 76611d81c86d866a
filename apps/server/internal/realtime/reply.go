package realtime

import (
	"strconv"

	"magpie.build/packages/pubsub"
)

// reply is the error as the answer to a command.
func (e *Error) reply(id uint32) []byte {
	buf := strconv.AppendUint([]byte(`{"id":`), uint64(id), 10)
	buf = strconv.AppendUint(append(buf, `,"error":{"code":`...), uint64(e.Code), 10)
	buf = appendString(append(buf, `,"message":`...), e.Message)
	if e.Temporary {
		buf = append(buf, `,"temporary":true`...)
	}
	return append(buf, "}}"...)
}

// result is the answer to a command that succeeded.
func result(id uint32, name string, value any) ([]byte, error) {
	encoded, err := marshal(value)
	if err != nil {
		return nil, err
	}
	buf := strconv.AppendUint([]byte(`{"id":`), uint64(id), 10)
	buf = append(append(append(buf, `,"`...), name...), `":`...)
	return append(append(buf, encoded...), '}'), nil
}

// succeed sends the answer to a command that succeeded.
func (c *connection) succeed(id uint32, name string, value any) error {
	reply, err := result(id, name, value)
	if err != nil {
		return err
	}
	c.push(reply)
	return nil
}

// appendSubscribeReply is the result with the missed publications spliced in: they are on the wire as
// they are in the broker.
func appendSubscribeReply(buf []byte, id uint32, answer []byte, missed []pubsub.Publication) []byte {
	buf = strconv.AppendUint(append(buf, `{"id":`...), uint64(id), 10)
	buf = append(append(buf, `,"subscribe":`...), answer...)
	if len(missed) > 0 {
		buf = append(buf[:len(buf)-1], `,"publications":`...)
		buf = append(appendPublications(buf, missed), '}')
	}
	return append(buf, '}')
}

// appendPublications appends publications as an array.
func appendPublications(buf []byte, publications []pubsub.Publication) []byte {
	buf = append(buf, '[')
	for i, publication := range publications {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = appendPublication(buf, publication)
	}
	return append(buf, ']')
}

// historyReply is a part of a history, and the newest position.
func historyReply(id uint32, history pubsub.History) []byte {
	buf := strconv.AppendUint([]byte(`{"id":`), uint64(id), 10)
	buf = append(buf, `,"history":{"publications":`...)
	buf = appendPublications(buf, history.Publications)
	buf = strconv.AppendUint(append(buf, `,"offset":`...), history.Position.Offset, 10)
	buf = appendString(append(buf, `,"epoch":`...), history.Position.Epoch)
	return append(buf, "}}"...)
}
