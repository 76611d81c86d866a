// Limits hold for each server by itself, and for what comes by the realtime endpoint.

package main

import (
	"fmt"
	"net/netip"

	"magpie.build/apps/server/internal/realtime"
)

// badLimit says which limits do not go together.
func (c Config) badLimit() error {
	if c.MaxDataBytes > c.MaxFrameBytes {
		return fmt.Errorf("MAX_DATA_BYTES is %d, and MAX_FRAME_BYTES, which it has to fit into, %d", c.MaxDataBytes, c.MaxFrameBytes)
	}
	_, err := c.trustedProxies()
	return err
}

func (c Config) trustedProxies() ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range c.TrustedProxies {
		if address, err := netip.ParseAddr(text); err == nil {
			address = address.Unmap().WithZone("")
			prefixes = append(prefixes, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES has %q, but an address is like 127.0.0.1 and a network like 10.0.0.0/8", text)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// limit puts the limits into the hub's options.
func (c Config) limit(o *realtime.Options) error {
	proxies, err := c.trustedProxies()
	if err != nil {
		return err
	}
	o.MaxConnections = c.MaxConnections
	o.MaxConnectionsPerAddress = c.MaxConnectionsPerAddress
	o.MaxConnectionsPerUser = c.MaxConnectionsPerUser
	o.TrustedProxies = proxies
	o.AcceptsPerSecond = c.AcceptsPerSecond
	o.CommandsPerSecond = c.CommandsPerSecond
	o.PublishesPerSecond = c.PublishesPerSecond
	o.SubscribesPerSecond = c.SubscribesPerSecond
	o.MaxChannels = c.MaxChannels
	o.MaxFrameBytes = c.MaxFrameBytes
	o.MaxDataBytes = c.MaxDataBytes
	return nil
}
