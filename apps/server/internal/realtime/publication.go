package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"magpie.build/packages/pubsub"
)

// Publication is something said in a channel.
type Publication struct {
	// Data is the payload, any JSON value.
	Data json.RawMessage
	// Binary lets data be any bytes. Where they are not JSON, clients that speak JSON cannot be given
	// them: those of the channel's subscribers are disconnected with code 3506.
	Binary bool
	// Info is the client who said it, or nil.
	Info *Client
	// Tags go along, for clients to look at. Nil means none.
	Tags map[string]string
	// Position and Time are set by [Hub.History] and ignored by [Hub.Publish].
	Position pubsub.Position
	Time     time.Time
}

// storedPublication is what a broker carries and keeps: the wire's publication but for its offset and
// time, which the broker knows. It begins with its data, so that they can be spliced in at the end
// without a parse, unless the payload is not JSON.
type storedPublication struct {
	Data  json.RawMessage   `json:"data,omitempty"`
	Bytes []byte            `json:"bytes,omitempty"`
	Info  *clientInfo       `json:"info,omitempty"`
	Tags  map[string]string `json:"tags,omitempty"`
}

// A stored publication begins in one of these ways. What begins otherwise is no publication of ours;
// left out, its offset would be a hole, so it goes out as one whose data is null.
var (
	jsonStored   = []byte(`{"data":`)
	binaryStored = []byte(`{"bytes":`)
	foreign      = []byte(`{"data":null}`)
)

// clientInfo is a [Client] on the wire.
type clientInfo struct {
	User        string          `json:"user"`
	Client      string          `json:"client"`
	Info        json.RawMessage `json:"conn_info,omitempty"`
	ChannelInfo json.RawMessage `json:"chan_info,omitempty"`
}

func (c Client) wire() *clientInfo {
	return &clientInfo{User: c.User, Client: c.ID, Info: c.Info, ChannelInfo: c.ChannelInfo}
}

// appendProtobuf appends the fields of a ClientInfo.
func (c *clientInfo) appendProtobuf(buf []byte) []byte {
	buf = appendText(buf, 1, c.User)
	buf = appendText(buf, 2, c.Client)
	buf = appendBytes(buf, 3, c.Info)
	return appendBytes(buf, 4, c.ChannelInfo)
}

func (c *clientInfo) client() Client {
	return Client{ID: c.Client, User: c.User, Info: c.Info, ChannelInfo: c.ChannelInfo}
}

// publish is [Hub.Publish] for those who have no hub.
func publish(ctx context.Context, broker pubsub.Broker, channel string, publication Publication, options pubsub.PublishOptions) (pubsub.Position, error) {
	stored := storedPublication{Data: publication.Data, Tags: publication.Tags}
	if publication.Binary && !isJSON(publication.Data) {
		stored.Data, stored.Bytes = nil, publication.Data
	}
	if publication.Info != nil {
		stored.Info = publication.Info.wire()
	}
	if len(publication.Data) == 0 {
		return pubsub.Position{}, fmt.Errorf("publish to %q: no data: %w", channel, ErrBadRequest)
	}
	data, err := marshal(stored)
	if err != nil {
		return pubsub.Position{}, fmt.Errorf("publish to %q: data or info: %w", channel, ErrBadRequest)
	}
	return broker.Publish(ctx, channel, appendTrace(ctx, data), options)
}

// isJSON reports whether data may go into JSON as it is.
func isJSON(data []byte) bool { return json.Valid(data) && utf8.Valid(data) }

// readStored reads what publish stored.
func readStored(data []byte) storedPublication {
	var stored storedPublication
	if err := json.Unmarshal(data, &stored); err != nil {
		stored = storedPublication{}
	}
	if stored.Data == nil && stored.Bytes == nil {
		stored.Data = json.RawMessage("null")
	}
	return stored
}

// payload is the data, whatever it is.
func (s *storedPublication) payload() []byte {
	if s.Data == nil {
		return s.Bytes
	}
	return s.Data
}

// decodePublication is what publish stored.
func decodePublication(publication pubsub.Publication) Publication {
	stored := readStored(publication.Data)
	decoded := Publication{
		Data: stored.payload(), Binary: stored.Data == nil, Tags: stored.Tags,
		Position: publication.Position, Time: publication.Time,
	}
	if stored.Info != nil {
		client := stored.Info.client()
		decoded.Info = &client
	}
	return decoded
}

// appendPublicationJSON appends a publication as the wire has it.
func appendPublicationJSON(buf []byte, publication pubsub.Publication) ([]byte, error) {
	stored := publication.Data
	switch {
	case bytes.HasPrefix(stored, binaryStored):
		return buf, DisconnectInappropriateProtocol
	case !bytes.HasPrefix(stored, jsonStored) || stored[len(stored)-1] != '}':
		stored = foreign
	}
	open, _ := cutTrace(stored)
	return appendPosition(append(buf, open...), publication), nil
}

// maxPositionBytes is how long appendPosition makes a publication, but for the first of an epoch.
const maxPositionBytes = len(`,"offset":18446744073709551615,"time":9223372036854775807},`)

// appendPosition ends a publication with what the broker knows of it.
func appendPosition(buf []byte, publication pubsub.Publication) []byte {
	if offset := publication.Position.Offset; offset > 0 {
		buf = strconv.AppendUint(append(buf, `,"offset":`...), offset, 10)
		if offset == 1 {
			// Who subscribed to an empty stream learns its epoch with its first publication.
			buf = appendString(append(buf, `,"epoch":`...), publication.Position.Epoch)
		}
	}
	if !publication.Time.IsZero() {
		buf = strconv.AppendInt(append(buf, `,"time":`...), publication.Time.UnixMilli(), 10)
	}
	return append(buf, '}')
}

// appendPublicationsJSON appends publications as an array.
func appendPublicationsJSON(buf []byte, publications []pubsub.Publication) ([]byte, error) {
	size := 0
	for _, publication := range publications {
		size += len(publication.Data) + maxPositionBytes
	}
	buf = slices.Grow(buf, size)
	return appendArray(buf, publications, appendPublicationJSON)
}

// appendArray appends publications as an array, each as one appends it.
func appendArray(buf []byte, publications []pubsub.Publication, one func(buf []byte, publication pubsub.Publication) ([]byte, error)) ([]byte, error) {
	buf = append(buf, '[')
	for i, publication := range publications {
		if i > 0 {
			buf = append(buf, ',')
		}
		var err error
		if buf, err = one(buf, publication); err != nil {
			return buf, err
		}
	}
	return append(buf, ']'), nil
}

// appendPublicationProtobuf appends a publication's fields.
func appendPublicationProtobuf(buf []byte, publication pubsub.Publication) []byte {
	stored := readStored(publication.Data)
	return appendStoredProtobuf(buf, publication, &stored, nil)
}

// appendStoredProtobuf appends the fields of a publication that has been read, with its payload, or the
// patch that makes it.
func appendStoredProtobuf(buf []byte, publication pubsub.Publication, stored *storedPublication, patch []byte) []byte {
	if patch != nil {
		buf = appendBytes(buf, 4, patch)
	} else {
		buf = appendBytes(buf, 4, stored.payload())
	}
	if stored.Info != nil {
		buf = appendMessage(buf, 5, stored.Info.appendProtobuf)
	}
	buf = appendUint(buf, 6, publication.Position.Offset)
	for key, tag := range stored.Tags {
		buf = appendMessage(buf, 7, func(buf []byte) []byte { return appendText(appendText(buf, 1, key), 2, tag) })
	}
	buf = appendBool(buf, 8, patch != nil)
	if !publication.Time.IsZero() {
		buf = appendUint(buf, 9, uint64(publication.Time.UnixMilli()))
	}
	if publication.Position.Offset == 1 {
		buf = appendText(buf, 14, publication.Position.Epoch)
	}
	return buf
}

// appendPublicationsProtobuf appends publications as a repeated field.
func appendPublicationsProtobuf(buf []byte, number protowire.Number, publications []pubsub.Publication) []byte {
	for _, publication := range publications {
		buf = appendMessage(buf, number, func(buf []byte) []byte { return appendPublicationProtobuf(buf, publication) })
	}
	return buf
}
