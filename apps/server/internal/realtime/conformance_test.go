package realtime_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gobwas/ws"

	"magpie.build/apps/server/internal/realtime"
)

// These cases follow the chapters of Autobahn's test suite, which is a program for Python 2 and not to be had any more;
// the client is github.com/gobwas/ws, an implementation that is neither ours nor the server's. What Autobahn echoes is
// echoed by an rpc here. Each case goes over a plain socket, whose frames wait in shared buffers and leave past the
// library, and over TLS, whose do not; in one piece, and byte by byte.
func TestFramesAreThoseOfRFC6455(t *testing.T) {
	s := serve(t, realtime.Options{})
	secure, trust := s.secure(t)
	for _, c := range conformanceCases() {
		for name, target := range map[string]string{"plain": s.url, "tls": secure} {
			for pieces, cut := range map[string]func([]byte) io.Reader{
				"whole":    func(p []byte) io.Reader { return bytes.NewReader(p) },
				"bytewise": func(p []byte) io.Reader { return iotest.OneByteReader(bytes.NewReader(p)) },
			} {
				if pieces != "whole" && len(c.steps[0].send) > 4<<10 {
					continue
				}
				t.Run(c.name+"/"+name+"/"+pieces, func(t *testing.T) {
					t.Parallel()
					converse(t, target, trust, cut, c.steps)
				})
			}
		}
	}
}

// A conformanceCase is what a client says after it has connected, and what it hears. Replies leave by another goroutine
// than what the library answers, so a client that wants to hear one waits for it before it goes on.
type conformanceCase struct {
	name  string
	steps []conformanceStep
}

// A conformanceStep is what is sent and then heard. A server may end the connection with or without a close frame where
// the client broke the protocol: that is "failed".
type conformanceStep struct {
	send []byte
	want []string
}

func conformanceCases() []conformanceCase {
	text := func(p string) ws.Frame { return ws.NewFrame(ws.OpText, true, []byte(p)) }
	part := func(op ws.OpCode, fin bool, p string) ws.Frame { return ws.NewFrame(op, fin, []byte(p)) }
	ping := func(p string) ws.Frame { return ws.NewPingFrame([]byte(p)) }
	closing := func(code ws.StatusCode, reason string) ws.Frame {
		return ws.NewCloseFrame(ws.NewCloseFrameBody(code, reason))
	}
	end := closing(ws.StatusNormalClosure, "")
	const ended = "close 1000"
	echo := func(data string) string { return `{"id":7,"rpc":{"method":"echo","data":"` + data + `"}}` }
	said := func(data string) string { return `{"id":7,"rpc":{"data":"` + data + `"}}` }
	hello := echo("hello")
	long := strings.Repeat("x", 125)

	step := func(want []string, frames ...ws.Frame) conformanceStep {
		var send bytes.Buffer
		for _, f := range frames {
			ws.MustWriteFrame(&send, ws.MaskFrame(f))
		}
		return conformanceStep{send.Bytes(), want}
	}
	goodbye := step([]string{"close 1000"}, closing(ws.StatusNormalClosure, ""))
	var cases []conformanceCase
	// add adds a case; unless that is the end, the client then closes.
	add := func(name string, want []string, frames ...ws.Frame) {
		c := conformanceCase{name, []conformanceStep{step(want, frames...)}}
		if !over(strings.Join(want, "")) {
			c.steps = append(c.steps, goodbye)
		}
		cases = append(cases, c)
	}
	raw := func(name, want string, frame []byte) {
		cases = append(cases, conformanceCase{name, []conformanceStep{{frame, []string{want}}}})
	}

	// 1: framing.
	overhead := len(echo(""))
	for _, size := range []int{overhead, 125, 126, 127, 128, 4096, 0xFFFF, 0x10000} {
		data := strings.Repeat("a", size-overhead)
		add(fmt.Sprintf("1 a text of %d bytes", size), []string{said(data)}, text(echo(data)))
	}
	add("1 an empty text is no command", []string{"close 3501"}, text(""))
	add("1 a binary message where text was agreed on", []string{"close 3506"}, part(ws.OpBinary, true, hello))

	// 2: pings and pongs.
	add("2 a ping is answered", []string{"pong "}, ping(""))
	add("2 with what it holds", []string{"pong hello"}, ping("hello"))
	add("2 of any bytes", []string{"pong \x00\xff\xfe"}, ping("\x00\xff\xfe"))
	add("2 up to 125 of them", []string{"pong " + long}, ping(long))
	add("2 and not more", []string{"failed"}, ping(long+"x"))
	add("2 a pong that nobody asked for", nil, part(ws.OpPong, true, "unasked"))
	add("2 pings are answered in order", []string{"pong 1", "pong 2", "pong 3"}, ping("1"), ping("2"), ping("3"))
	add("2 a ping before a message", []string{"pong 1", said("hello")}, ping("1"), text(hello))

	// 3: reserved bits, and 4: reserved opcodes.
	for rsv := byte(1); rsv <= 7; rsv++ {
		f := text(hello)
		f.Header.Rsv = rsv
		add(fmt.Sprintf("3 reserved bits %03b", rsv), []string{"failed"}, f)
		p := ping("1")
		p.Header.Rsv = rsv
		add(fmt.Sprintf("3 reserved bits %03b on a ping", rsv), []string{"failed"}, p)
	}
	for _, op := range []ws.OpCode{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		add(fmt.Sprintf("4 reserved opcode %d", op), []string{"failed"}, part(op, true, "what"))
	}

	// 5: fragments.
	add("5 two fragments", []string{said("hello")}, part(ws.OpText, false, hello[:9]), part(ws.OpContinuation, true, hello[9:]))
	add("5 a ping between them", []string{"pong between", said("hello")},
		part(ws.OpText, false, hello[:9]), ping("between"), part(ws.OpContinuation, true, hello[9:]))
	letters := []ws.Frame{part(ws.OpText, false, "")}
	for _, letter := range hello {
		letters = append(letters, part(ws.OpContinuation, false, string(letter)))
	}
	add("5 a fragment for each letter, and empty ones", []string{said("hello")}, append(letters, part(ws.OpContinuation, true, ""))...)
	add("5 a continuation of nothing", []string{"failed"}, part(ws.OpContinuation, true, hello))
	add("5 an unfinished continuation of nothing", []string{"failed"}, part(ws.OpContinuation, false, hello), part(ws.OpText, true, hello))
	cases = append(cases, conformanceCase{"5 a continuation after the end", []conformanceStep{
		step([]string{said("hello")}, part(ws.OpText, false, hello[:9]), part(ws.OpContinuation, true, hello[9:])),
		step([]string{"failed"}, part(ws.OpContinuation, true, "more")),
	}})
	add("5 a message within a message", []string{"failed"}, part(ws.OpText, false, hello[:9]), text(hello))
	add("5 a ping in fragments", []string{"failed"}, part(ws.OpPing, false, "pi"), part(ws.OpContinuation, true, "ng"))
	add("5 a close in fragments", []string{"failed"}, part(ws.OpClose, false, ""))

	// 6: UTF-8. The protocol's own code says that this was no command; clients do not come back with it.
	greek := echo("κόσμε 🐦")
	middle := strings.Index(greek, "κ") + 1 // within a letter
	add("6 text beyond ASCII", []string{said("κόσμε 🐦")}, text(greek))
	add("6 cut within a letter", []string{said("κόσμε 🐦")}, part(ws.OpText, false, greek[:middle]), part(ws.OpContinuation, true, greek[middle:]))
	for name, bad := range map[string]string{
		"a lone continuation": "\x80", "an overlong slash": "\xc0\xaf", "a surrogate": "\xed\xa0\x80", "beyond Unicode": "\xf4\x90\x80\x80",
		"a letter that is cut off": "\xce", "five bytes": "\xf8\x88\x80\x80\x80",
	} {
		add("6 not UTF-8: "+name, []string{"close 3501"}, text(echo(bad)))
	}

	// 7: closing.
	add("7 a close is answered", []string{ended}, end)
	add("7 without a code, too", []string{"close 1005"}, ws.NewCloseFrame(nil))
	add("7 nothing after it is heard", []string{ended}, end, text(hello), ping("1"))
	add("7 within a message", []string{ended}, part(ws.OpText, false, hello[:9]), end)
	add("7 a code of one byte", []string{"failed"}, part(ws.OpClose, true, "\x03"))
	for _, code := range []ws.StatusCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		add(fmt.Sprintf("7 code %d", code), []string{fmt.Sprintf("close %d", code)}, closing(code, "because"))
	}
	for _, code := range []ws.StatusCode{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		add(fmt.Sprintf("7 code %d, which nobody may send", code), []string{"failed"}, closing(code, ""))
	}
	add("7 a reason of 123 bytes", []string{ended}, closing(1000, long[:123]))
	add("7 a reason of 124 bytes", []string{"failed"}, part(ws.OpClose, true, "\x03\xe8"+long[:124]))

	// 9: limits, and what breaks the framing itself.
	raw("9 a length of 2^63", "failed", []byte{0x81, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	raw("9 a frame without a mask", "failed", ws.MustCompileFrame(text(hello)))
	return cases
}

// converse connects, and takes the steps.
func converse(t *testing.T, target string, trust *tls.Config, cut func([]byte) io.Reader, steps []conformanceStep) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dialer := ws.Dialer{TLSConfig: trust}
	conn, buffered, _, err := dialer.Dial(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if buffered == nil {
		buffered = bufio.NewReader(conn)
	}
	ws.MustWriteFrame(conn, ws.MaskFrame(ws.NewTextFrame([]byte(`{"id":1,"connect":{}}`))))
	if greeting := hear(t, buffered); !strings.HasPrefix(greeting, `{"id":1,"connect"`) {
		t.Fatalf("the server greets with %q", greeting)
	}
	for _, s := range steps {
		// A server that has had enough does not take the rest.
		_, _ = io.CopyBuffer(onlyWriter{conn}, cut(s.send), make([]byte, 128<<10))
		for _, want := range s.want {
			if got := hear(t, buffered); got != want {
				t.Fatalf("the server answers\n%q\nwant\n%q", got, want)
			}
		}
	}
	_ = ws.WriteFrame(conn, ws.MaskFrame(ws.NewCloseFrame(nil))) // or the server waits for it, if it began
	if got := hear(t, buffered); got != "failed" {
		t.Errorf("after the end comes %q", got)
	}
}

// onlyWriter hides what else a connection can do, so that each piece is written for itself.
type onlyWriter struct{ io.Writer }

// over says that nothing comes after.
func over(said string) bool { return said == "failed" || strings.HasPrefix(said, "close ") }

// hear returns the next thing that the server says, and insists on its form.
func hear(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	var frame ws.Frame
	header, err := ws.ReadHeader(r)
	if err == nil {
		frame = ws.Frame{Header: header, Payload: make([]byte, min(header.Length, 1<<20))}
		_, err = io.ReadFull(r, frame.Payload)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || err != nil && strings.Contains(err.Error(), "reset") {
		return "failed"
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.CheckHeader(frame.Header, ws.StateClientSide); err != nil {
		t.Fatal(err)
	}
	switch frame.Header.OpCode {
	case ws.OpText:
		return string(frame.Payload)
	case ws.OpPong:
		return "pong " + string(frame.Payload)
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(frame.Payload)
		if len(frame.Payload) == 0 {
			code = 1005
		} else if err := ws.CheckCloseFrameData(code, reason); err != nil {
			t.Fatal(err)
		}
		if code == ws.StatusProtocolError && reason != "because" {
			return "failed"
		}
		return fmt.Sprintf("close %d", code)
	default:
		t.Fatalf("the server sends a frame of opcode %d", frame.Header.OpCode)
		return ""
	}
}
