package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"magpie.build/packages/pubsub"
)

// Publication is something said in a channel.
type Publication struct {
	// Data is the payload, any JSON value.
	Data json.RawMessage
	// Info is the client who said it, or nil.
	Info *Client
	// Tags go along, for clients to look at. Nil means none.
	Tags map[string]string
	// Position and Time are set by [Hub.History] and ignored by [Hub.Publish].
	Position pubsub.Position
	Time     time.Time
}

// storedPublication is what a broker carries and keeps: the wire's publication but for its offset and
// time, which the broker knows. It always begins with its data, so that they can be spliced in at
// the end without a parse.
type storedPublication struct {
	Data json.RawMessage   `json:"data"`
	Info *clientInfo       `json:"info,omitempty"`
	Tags map[string]string `json:"tags,omitempty"`
}

// foreignPublication stands in for bytes in a channel that are no publication of ours: left out, its
// offset would be a hole.
const foreignPublication = `{"data":null}`

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

func (c *clientInfo) client() Client {
	return Client{ID: c.Client, User: c.User, Info: c.Info, ChannelInfo: c.ChannelInfo}
}

// publish is [Hub.Publish] for those who have no hub.
func publish(ctx context.Context, broker pubsub.Broker, channel string, publication Publication, options pubsub.PublishOptions) (pubsub.Position, error) {
	stored := storedPublication{Data: publication.Data, Tags: publication.Tags}
	if publication.Info != nil {
		stored.Info = publication.Info.wire()
	}
	data, err := marshal(stored)
	if err != nil {
		return pubsub.Position{}, fmt.Errorf("publish to %q: data or info: %w", channel, ErrBadRequest)
	}
	return broker.Publish(ctx, channel, data, options)
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

// decodePublication reads what publish stored.
func decodePublication(publication pubsub.Publication) Publication {
	var stored storedPublication
	if err := json.Unmarshal(publication.Data, &stored); err != nil {
		stored = storedPublication{Data: json.RawMessage("null")}
	}
	decoded := Publication{Data: stored.Data, Tags: stored.Tags, Position: publication.Position, Time: publication.Time}
	if stored.Info != nil {
		client := stored.Info.client()
		decoded.Info = &client
	}
	return decoded
}

// appendPublication appends a publication as the wire has it.
func appendPublication(buf []byte, publication pubsub.Publication) []byte {
	stored := publication.Data
	if !bytes.HasPrefix(stored, []byte(`{"data":`)) || stored[len(stored)-1] != '}' {
		stored = []byte(foreignPublication)
	}
	buf = append(buf, stored[:len(stored)-1]...)
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
