// Package probe finds out whether a server is up.
package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// One asks once. The error says what is missing.
type One func(context.Context) error

// patience is how long one question may take.
const patience = 2 * time.Second

// HTTP asks whether a URL answers with a status below 400. It follows no redirect.
func HTTP(url string) One {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		// A connection of its own: nothing is left open when the server is to end.
		transport := &http.Transport{DisableKeepAlives: true}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode >= http.StatusBadRequest {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	}
}

// TCP asks whether an address accepts connections.
func TCP(addr string) One {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// Until asks again and again until the answer is yes, and returns nil then. When ctx ends first, the error is what was
// missing last.
func Until(ctx context.Context, one One) error {
	pause := 5 * time.Millisecond
	for {
		err := one(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause = min(2*pause, 200*time.Millisecond)
	}
}
