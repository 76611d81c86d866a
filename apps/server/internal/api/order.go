package api

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// topic is what the servers' questions to each other are on.
const topic = "api"

const (
	// maxPattern is the longest pattern of channels.
	maxPattern = 255
	// maxAnswer is how much one server says of its channels: it goes through the broker.
	maxAnswer = pubsub.MaxData / 2
)

// orderKind is what is to be done.
type orderKind string

const (
	orderSubscribe   orderKind = "subscribe"
	orderUnsubscribe orderKind = "unsubscribe"
	orderDisconnect  orderKind = "disconnect"
	orderRefresh     orderKind = "refresh"
	orderChannels    orderKind = "channels"
	orderInfo        orderKind = "info"
)

// order is what every server carries out on its own connections.
type order struct {
	Kind     orderKind                `json:"kind"`
	Target   realtime.Target          `json:"target"`
	Channel  string                   `json:"channel,omitempty"`
	Offer    realtime.SubscribeReply  `json:"offer"`
	Since    *pubsub.Position         `json:"since,omitempty"`
	Code     realtime.DisconnectError `json:"code,omitempty"`
	ExpireAt time.Time                `json:"expire_at"`
	Pattern  string                   `json:"pattern,omitempty"`
}

// answer is what one server says to an order.
type answer struct {
	Error    *Error         `json:"error,omitempty"`
	Channels map[string]int `json:"channels,omitempty"`
	Node     *nodeInfo      `json:"node,omitempty"`
}

// everywhere has all servers carry out an order, and returns the first error of any.
func (a *API) everywhere(ctx context.Context, o order) error {
	_, err := a.ask(ctx, o)
	return err
}

// ask has all servers answer an order. With an error come the answers there are.
func (a *API) ask(ctx context.Context, o order) ([]answer, error) {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()
	question, err := json.Marshal(o)
	if err != nil {
		return nil, badRequest("data and info must be JSON")
	}
	survey, err := a.Nodes.AskAll(ctx, topic, question)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, 0, len(survey.Answers))
	var failed *Error
	for _, data := range survey.Answers {
		var one answer
		if err := json.Unmarshal(data, &one); err != nil {
			return nil, fmt.Errorf("read a server's answer: %w", err)
		}
		if one.Error != nil {
			failed = one.Error
		}
		answers = append(answers, one)
	}
	switch {
	case failed != nil:
		return answers, failed
	case len(survey.Missing) > 0:
		return answers, &Error{realtime.ErrInternal.Code, fmt.Sprintf("%d of %d servers did not answer in time",
			len(survey.Missing), len(survey.Missing)+len(answers))}
	default:
		return answers, nil
	}
}

// carryOut is what this server does when one of them asks.
func (a *API) carryOut(ctx context.Context, question []byte) []byte {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	var o order
	err := json.Unmarshal(question, &o)
	var done answer
	if err == nil {
		done, err = a.obey(ctx, o)
	}
	if err != nil {
		done.Error = a.answerTo(string(o.Kind), err)
	}
	data, err := json.Marshal(done)
	if err == nil && len(data) > maxAnswer {
		done = answer{Error: &Error{realtime.ErrLimitExceeded.Code, "a server has more channels than fit one answer: ask for fewer by a pattern"}}
		data, err = json.Marshal(done)
	}
	if err != nil {
		a.Logger.Error("answer to another server not written", "error", err)
	}
	return data
}

// obey carries out an order on this server's connections.
func (a *API) obey(ctx context.Context, o order) (answer, error) {
	switch o.Kind {
	case orderSubscribe:
		o.Offer.Info, o.Offer.Data = given(o.Offer.Info), given(o.Offer.Data)
		return answer{}, a.Hub.Subscribe(ctx, o.Target, o.Channel, o.Offer, o.Since)
	case orderUnsubscribe:
		return answer{}, a.Hub.Unsubscribe(ctx, o.Target, o.Channel)
	case orderDisconnect:
		a.Hub.Disconnect(o.Target, o.Code)
		return answer{}, nil
	case orderRefresh:
		return answer{}, a.Hub.Refresh(ctx, o.Target, o.ExpireAt)
	case orderChannels:
		return answer{Channels: matching(a.Hub.Channels(), o.Pattern)}, nil
	case orderInfo:
		return answer{Node: a.self()}, nil
	default:
		return answer{}, &Error{realtime.ErrMethodNotFound.Code, "this server does not know how to do that: is it of another version?"}
	}
}

// given is nil for the null that it became on its way.
func given(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func (a *API) self() *nodeInfo {
	stats := a.Hub.Stats()
	return &nodeInfo{
		ID: a.Nodes.Self(), Name: a.Name, Version: a.Version,
		Clients: stats.Connections, Users: a.Hub.Users(), Channels: stats.Channels, Subs: stats.Subscriptions,
		Uptime: uptime(a.started),
	}
}

// matching leaves the channels that a pattern names, in which * is any text and ? one character. The
// servers' own are never among them.
func matching(channels map[string]int, pattern string) map[string]int {
	if pattern == "" {
		return channels
	}
	quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
	expression, err := regexp.Compile(`(?s)^` + quoted + `$`)
	if err != nil {
		return nil // it is not UTF-8, nor is any channel
	}
	matched := map[string]int{}
	for channel, clients := range channels {
		if expression.MatchString(channel) {
			matched[channel] = clients
		}
	}
	return matched
}
