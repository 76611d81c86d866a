// Package wire is a light client of two realtime protocols, each in WebSocket text messages: Centrifuge's, with JSON
// objects, one a line, and Socket.IO's. A connection costs one small buffer and no goroutine of its own, so
// that one process can hold thousands.
//
// It is made for measuring on the loopback: messages are not compressed, and masked with zeros, which is
// no mask.
package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// maxMessage bounds what a broken server can make a connection hold.
const maxMessage = 16 << 20

// Opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0
	opText         = 1
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// Conn is a WebSocket connection. One goroutine may read while others write.
type Conn struct {
	net      net.Conn
	protocol Protocol

	// Received and not yet handed out: in[start:end].
	in         []byte
	start, end int
	message    []byte // what came so far of a message in several frames

	mu  sync.Mutex
	out []byte
}

// Dial opens a connection to a server at host:port.
func Dial(ctx context.Context, protocol Protocol, addr string) (*Conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	c := &Conn{net: raw, protocol: protocol, in: make([]byte, 1<<10)}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	if err := c.upgrade(addr); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("open a WebSocket at %s%s: %w", addr, protocol.path(), err)
	}
	return c, nil
}

// upgrade does the handshake of RFC 6455, section 4.1. What the server may have sent after it is kept.
func (c *Conn) upgrade(addr string) error {
	request := "GET " + c.protocol.path() + " HTTP/1.1\r\nHost: " + addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bWFncGllLWxvYWQtdGVzdA==\r\n\r\n"
	if _, err := io.WriteString(c.net, request); err != nil {
		return err
	}
	r := bufio.NewReaderSize(c.net, len(c.in))
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the server answers %s", response.Status)
	}
	rest, err := r.Peek(r.Buffered())
	c.end = copy(c.in, rest)
	return err
}

// Close ends the connection without a farewell.
func (c *Conn) Close() error { return c.net.Close() }

// Send writes one text message. It may be called by several goroutines.
func (c *Conn) Send(text []byte) error { return c.write(opText, text) }

func (c *Conn) write(op byte, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	const final, masked = 0x80, 0x80
	b := append(c.out[:0], final|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	b = append(b, 0, 0, 0, 0)
	c.out = append(b, payload...)
	_, err := c.net.Write(c.out)
	return err
}

// Next returns the next text message. It is valid until the call after. Pings are answered meanwhile. The
// error is [*CloseError] when the server has closed the connection.
func (c *Conn) Next() ([]byte, error) {
	c.message = c.message[:0]
	for {
		op, final, payload, err := c.frame()
		if err != nil {
			return nil, err
		}
		switch op {
		case opPing:
			err = c.write(opPong, payload)
		case opClose:
			err = closed(payload)
		case opText, opContinuation:
			if final && len(c.message) == 0 {
				return payload, nil
			}
			if c.message = append(c.message, payload...); final {
				return c.message, nil
			}
			if len(c.message) > maxMessage {
				err = errors.New("a message without end")
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

// frame returns the next frame. The payload is valid until the next call.
func (c *Conn) frame() (op byte, final bool, payload []byte, err error) {
	head, err := c.need(2)
	if err != nil {
		return 0, false, nil, err
	}
	op, final = head[0]&0x0f, head[0]&0x80 != 0
	size, headSize := int(head[1]&0x7f), 2
	switch size {
	case 126:
		headSize = 4
	case 127:
		headSize = 10
	}
	if head, err = c.need(headSize); err != nil {
		return 0, false, nil, err
	}
	switch headSize {
	case 4:
		size = int(binary.BigEndian.Uint16(head[2:]))
	case 10:
		size = int(min(binary.BigEndian.Uint64(head[2:]), maxMessage+1))
	}
	if size > maxMessage {
		return 0, false, nil, errors.New("a frame is longer than 16 MiB")
	}
	all, err := c.need(headSize + size)
	if err != nil {
		return 0, false, nil, err
	}
	c.start += len(all)
	return op, final, all[headSize:], nil
}

// need returns the next n bytes without taking them, reading more as necessary.
func (c *Conn) need(n int) ([]byte, error) {
	if c.start > 0 && c.start+n > len(c.in) {
		c.end = copy(c.in, c.in[c.start:c.end])
		c.start = 0
	}
	if n > len(c.in) {
		c.in = append(c.in, make([]byte, n)...)
	}
	for c.end-c.start < n {
		read, err := c.net.Read(c.in[c.end:])
		if c.end += read; err != nil {
			return nil, err
		}
	}
	return c.in[c.start : c.start+n], nil
}

// CloseError is the error of a connection that the server has closed.
type CloseError struct {
	Code   int
	Reason string
}

// Error returns the code and the reason.
func (c *CloseError) Error() string {
	return fmt.Sprintf("the server closed the connection: %d %s", c.Code, c.Reason)
}

func closed(payload []byte) error {
	if len(payload) < 2 {
		return &CloseError{Code: 1005}
	}
	return &CloseError{Code: int(binary.BigEndian.Uint16(payload)), Reason: string(bytes.ToValidUTF8(payload[2:], nil))}
}
