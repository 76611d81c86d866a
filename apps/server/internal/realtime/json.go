package realtime

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"magpie.build/apps/server/internal/filter"
)

// jsonCodec writes objects of JSON, a newline between each two.
type jsonCodec struct{}

var _ codec = jsonCodec{}

// jsonAppender is an [object] with JSON of its own making.
type jsonAppender interface {
	appendJSON(buf []byte) ([]byte, error)
}

// jsonPing is an object without anything.
var jsonPing = []byte("{}")

func (jsonCodec) variant() variant  { return jsonVariant }
func (jsonCodec) op() byte          { return opText }
func (jsonCodec) separator() string { return "\n" }
func (jsonCodec) ping() []byte      { return jsonPing }

// decode reads commands with a newline between each two, and perhaps one more at the end.
func (jsonCodec) decode(message []byte) ([]command, error) {
	if !utf8.Valid(message) {
		// It would reach other clients, and browsers end a connection that is not UTF-8.
		return nil, fmt.Errorf("%w: not UTF-8", errMalformed)
	}
	message = bytes.TrimSuffix(message, []byte("\n"))
	var commands []command
	for line := range bytes.SplitSeq(message, []byte("\n")) {
		if len(commands) == maxCommands {
			return nil, errTooManyCommands
		}
		cmd, ok := plainPublish(line)
		if !ok {
			var err error
			if cmd, err = anyCommand(line); err != nil {
				return nil, fmt.Errorf("%w: %w", errMalformed, err)
			}
		}
		commands = append(commands, cmd)
	}
	return commands, nil
}

// anyCommand reads a command however it is written.
func anyCommand(line []byte) (cmd command, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(line), []byte("n")) {
		return cmd, errNull
	}
	return cmd, json.Unmarshal(line, &cmd)
}

var errNull = errors.New("null")

// plainPublish reads a publish as clients write it, which is what most commands are: without spaces, an id first or last, no escape
// in the channel's name. [anyCommand] reads the same and takes three times as long for it, which in an idle room was a tenth of the
// time until a message went out.
func plainPublish(line []byte) (cmd command, ok bool) {
	body, ok := within(line, `{`, `}`)
	if !ok {
		return cmd, false
	}
	id, body, ok := cutID(body)
	if !ok {
		return cmd, false
	}
	body, ok = within(body, `"publish":{"channel":"`, `}`)
	if !ok {
		return cmd, false
	}
	channel, data, ok := bytes.Cut(body, []byte(`","data":`))
	if !ok || bytes.ContainsFunc(channel, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		return cmd, false
	}
	if len(bytes.TrimSpace(data)) != len(data) || !json.Valid(data) {
		return cmd, false
	}
	return command{ID: id, Publish: &publishCommand{Channel: string(channel), Data: bytes.Clone(data)}}, true
}

// within returns what is between a beginning and an end.
func within(text []byte, beginning, end string) (_ []byte, ok bool) {
	rest, begins := bytes.CutPrefix(text, []byte(beginning))
	rest, ends := bytes.CutSuffix(rest, []byte(end))
	return rest, begins && ends
}

// cutID takes the id off an object's first or last place.
func cutID(body []byte) (id uint32, rest []byte, ok bool) {
	digits, ok := bytes.CutPrefix(body, []byte(`"id":`))
	if ok {
		digits, rest, ok = bytes.Cut(digits, []byte(","))
	} else if at := bytes.LastIndex(body, []byte(`,"id":`)); at >= 0 {
		rest, digits, ok = body[:at], body[at+len(`,"id":`):], true
	}
	if !ok || bytes.HasPrefix(digits, []byte("0")) {
		return 0, nil, false
	}
	n, err := strconv.ParseUint(string(digits), 10, 32)
	return uint32(n), rest, err == nil
}

func (jsonCodec) filter(encoded []byte) (*filter.Node, error) {
	n := new(filter.Node)
	return n, json.Unmarshal(encoded, n)
}

func (jsonCodec) answer(id uint32, result object) ([]byte, error) {
	name, _ := result.field()
	buf := strconv.AppendUint([]byte(`{"id":`), uint64(id), 10)
	buf = append(append(append(buf, `,"`...), name...), `":`...)
	buf, err := appendJSON(buf, result)
	return append(buf, '}'), err
}

func (jsonCodec) refusal(id uint32, refused *Error) []byte {
	buf := strconv.AppendUint([]byte(`{"id":`), uint64(id), 10)
	buf = strconv.AppendUint(append(buf, `,"error":{"code":`...), uint64(refused.Code), 10)
	buf = appendString(append(buf, `,"message":`...), refused.Message)
	if refused.Temporary {
		buf = append(buf, `,"temporary":true`...)
	}
	return append(buf, "}}"...)
}

func (jsonCodec) push(channel string, what object) ([]byte, error) {
	buf, err := appendPush([]byte(`{"push":`), channel, what)
	return append(buf, '}'), err
}

// appendPush appends a push.
func appendPush(buf []byte, channel string, what object) ([]byte, error) {
	name, _ := what.field()
	buf = append(buf, '{')
	if channel != "" {
		buf = append(appendString(append(buf, `"channel":`...), channel), ',')
	}
	buf = append(append(append(buf, '"'), name...), `":`...)
	buf, err := appendJSON(buf, what)
	return append(buf, '}'), err
}

// appendJSON appends an object's JSON.
func appendJSON(buf []byte, what object) ([]byte, error) {
	if own, ok := what.(jsonAppender); ok {
		return own.appendJSON(buf)
	}
	encoded, err := marshal(what)
	return append(buf, encoded...), err
}

// appendString appends s as a JSON string.
func appendString(buf []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string always can
	return append(buf, quoted...)
}

// marshal is json.Marshal for the wire: one line of valid UTF-8, with < and > as they are.
func marshal(value any) ([]byte, error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	data := bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("not UTF-8: %w", ErrBadRequest)
	}
	return data, nil
}
