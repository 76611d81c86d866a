package realtime

import (
	"context"
	"log/slog"
	"time"
)

// What is logged of a connection names it by "client", the id that its client was told, and by "user"
// once it is known whose it is. The comings and goings of single clients are for Debug: of them there
// may be thousands a second. Info is for what a client did or suffered that somebody may be asked
// about, Warn for what the deployment should mend, Error for bugs and answers that never came.

// logger logs in the connection's name. Only the reader calls it, and only where something is logged: a
// logger for each connection would be memory at rest.
func (c *connection) logger() *slog.Logger {
	if c.client.User == "" {
		return c.hub.log.With("client", c.id)
	}
	return c.hub.log.With("client", c.id, "user", c.client.User)
}

// wants reports whether anybody hears of what is logged at a level.
func (h *Hub) wants(level slog.Level) bool { return h.log.Enabled(context.Background(), level) } //nolint:forbidigo // a level belongs to no request

// logConnected logs who came.
func (c *connection) logConnected(name, version string) {
	if c.hub.wants(slog.LevelDebug) {
		c.logger().Debug("client connected", "remote_addr", c.remoteAddr, "library", name, "version", version)
	}
}

// logRefused logs a command that was answered with an error.
func (c *connection) logRefused(cmd *command, answer *Error, err error) {
	switch {
	case answer == ErrInternal:
		c.logger().Error("command went wrong", "command", cmd.name(), "error", err)
	case c.hub.wants(slog.LevelDebug):
		c.logger().Debug("command refused", "command", cmd.name(), "code", answer.Code, "error", err)
	}
}

// logLeft logs how the connection ended.
func (c *connection) logLeft(reason DisconnectError) {
	level := slog.LevelDebug
	switch reason {
	case DisconnectSlow, DisconnectTooManyRequests, DisconnectServerError:
		level = slog.LevelInfo
	default:
	}
	if c.hub.wants(level) {
		c.logger().Log(context.Background(), level, "client disconnected", //nolint:forbidigo // it ended with the client
			"code", int(reason), "reason", reason.Error(), "after", time.Since(c.since).Round(time.Millisecond))
	}
}
