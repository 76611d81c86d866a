package realtime

import (
	"context"
	"encoding/json"
	"fmt"
)

// publish asks the handler to publish.
func (c *connection) publish(ctx context.Context, id uint32, cmd *publishCommand) error {
	if err := checkChannel(cmd.Channel); err != nil {
		return err
	}
	if cmd.Type != 0 || cmd.Key != "" || cmd.Removed {
		return ErrNotAvailable
	}
	if len(cmd.Data) == 0 {
		return &Error{Code: ErrBadRequest.Code, Message: "a publication has data"}
	}
	if err := c.checkData(cmd.Data); err != nil {
		return err
	}
	client := c.client
	if s := c.subscription(cmd.Channel); s != nil {
		client.ChannelInfo, client.Subscribed = s.offer.Info, !c.isBroken(s)
	}
	if err := c.hub.handler.Publish(ctx, client, cmd.Channel, cmd.Data); err != nil {
		return err
	}
	return c.succeed(id, publishResult{})
}

// rpc asks the handler whatever the client asks.
func (c *connection) rpc(ctx context.Context, id uint32, cmd *rpcCommand) error {
	responder, ok := c.hub.handler.(Responder)
	if !ok {
		return ErrNotAvailable
	}
	if err := c.checkData(cmd.Data); err != nil {
		return err
	}
	data, err := responder.RPC(ctx, c.client, cmd.Method, cmd.Data)
	if err != nil {
		return err
	}
	return c.succeed(id, rpcResult{Data: data})
}

// checkData refuses a payload that is too large.
func (c *connection) checkData(data json.RawMessage) error {
	if limit := c.hub.options.MaxDataBytes; len(data) > limit {
		return &Error{Code: ErrBadRequest.Code, Message: fmt.Sprintf("data has %d bytes, the most is %d", len(data), limit)}
	}
	return nil
}
