package proxy_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"magpie.build/tools/chaos/internal/proxy"
)

// echo starts a server that sends every line back, behind a proxy.
func echo(t *testing.T) *proxy.Proxy {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	p, err := proxy.Start(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// client is a connection that is asked by lines.
type client struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, p *proxy.Proxy) client {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return client{conn, bufio.NewReader(conn)}
}

// ask sends a line, and returns what comes back in time.
func (c client) ask(line string, within time.Duration) (string, error) {
	if _, err := io.WriteString(c, line+"\r\n"); err != nil {
		return "", err
	}
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	answer, err := c.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	return answer[:len(answer)-2], nil
}

const (
	soon  = 10 * time.Second
	never = 100 * time.Millisecond
)

func works(t *testing.T, c client) {
	t.Helper()
	if got, err := c.ask("hello", soon); got != "hello" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestCutEndsConnectionsAndRefusedOnesEndAtOnce(t *testing.T) {
	t.Parallel()
	p := echo(t)
	c := dial(t, p)
	works(t, c)
	p.Refuse(true)
	if n := p.Cut(proxy.Any); n != 1 {
		t.Errorf("%d connections were cut", n)
	}
	for _, c := range []client{c, dial(t, p)} {
		if _, err := c.ask("hello", soon); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection that was cut ends with %v", err)
		}
	}
	p.Refuse(false)
	works(t, dial(t, p))
}

func TestMutedConnectionIsOpenAndSaysNothing(t *testing.T) {
	t.Parallel()
	p := echo(t)
	c := dial(t, p)
	works(t, c)
	end := p.Mute(proxy.Any, proxy.Both)
	if got, err := c.ask("hello", never); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %q, %v", got, err)
	}
	works(t, dial(t, p)) // a new one is not concerned
	end()
	if _, err := c.ask("hello", soon); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a muted connection ends with %v", err)
	}
}

func TestClassesAreLearntFromWhatIsSaid(t *testing.T) {
	t.Parallel()
	for line, class := range map[string]proxy.Class{"SSUBSCRIBE": proxy.Subscriber, "subscribe": proxy.Subscriber, "PSYNC": proxy.Replica} {
		p := echo(t)
		c, other := dial(t, p), dial(t, p)
		works(t, other)
		if got, err := c.ask(line, soon); got != line || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		if n := p.Cut(class); n != 1 {
			t.Errorf("%s: %d connections of its class", line, n)
		}
		works(t, other)
	}
}

func TestDelayHoldsBack(t *testing.T) {
	t.Parallel()
	p := echo(t)
	c := dial(t, p)
	works(t, c)
	p.Delay(2 * never)
	if got, err := c.ask("hello", never); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %q, %v", got, err)
	}
}
