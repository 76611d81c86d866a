package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"magpie.build/tools/bench/internal/wire"
)

// Crowd is many idle connections over several servers, held by several processes, as one may not open so many.
type Crowd struct {
	// Steps are the servers' memory, all together, with more connections each time.
	Steps []CrowdStep `json:"steps"`
	// Dropped is how many connections ended by themselves.
	Dropped int `json:"dropped"`
	// CPU is the share of one core that all servers use at rest.
	CPU float64 `json:"cpu_share"`
}

// CrowdStep is how much memory so many connections took.
type CrowdStep struct {
	Connections int   `json:"connections"`
	RSS         int64 `json:"rss_bytes"`
}

// MeasureCrowd opens n connections in each of so many processes, one after another. holder is the command that starts one,
// see [Hold].
func MeasureCrowd(ctx context.Context, s Server, holder []string, processes, n int, rest time.Duration) (c Crowd, err error) {
	before, err := s.Usage()
	if err != nil {
		return c, err
	}
	c.Steps = []CrowdStep{{0, before.RSS}}
	var holders []*holderProcess
	defer func() {
		for _, h := range holders {
			dropped, ended := h.release()
			c.Dropped += dropped
			err = errors.Join(err, ended)
		}
	}()
	for i := range processes {
		h, err := startHolder(ctx, append(holder, "-addrs="+strings.Join(s.Addrs(), ","), fmt.Sprintf("-n=%d", n), fmt.Sprintf("-first=%d", i*n)))
		if err != nil {
			return c, err
		}
		holders = append(holders, h)
		u, err := restingUsage(ctx, s, rest)
		if err != nil {
			return c, err
		}
		c.Steps = append(c.Steps, CrowdStep{(i + 1) * n, u.RSS})
	}
	first, err := s.Usage()
	if err != nil {
		return c, err
	}
	last, err := restingUsage(ctx, s, rest)
	c.CPU = float64(last.CPU-first.CPU) / float64(rest)
	return c, err
}

// A holderProcess holds connections until it is told that they are no longer needed.
type holderProcess struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

func startHolder(ctx context.Context, argv []string) (*holderProcess, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	h := &holderProcess{cmd, in, bufio.NewReader(out)}
	if line, err := h.out.ReadString('\n'); err != nil || line != "held\n" {
		_, ended := h.release()
		return nil, fmt.Errorf("a process that holds connections says %q: %w", line, errors.Join(err, ended))
	}
	return h, nil
}

func (h *holderProcess) release() (dropped int, err error) {
	_ = h.in.Close()
	line, _ := h.out.ReadString('\n')
	dropped, _ = strconv.Atoi(strings.TrimSpace(line))
	return dropped, h.cmd.Wait()
}

// Hold opens n idle connections, spread over addrs, with a subscription each. It says "held" to out, answers pings until in
// ends, and then says how many connections had ended before.
func Hold(ctx context.Context, addrs []string, first, n int, in io.Reader, out io.Writer) error {
	conns, err := join(ctx, addresses(addrs), n, func(i int) string { return fmt.Sprintf("plain:idle-%d", first+i) })
	if err != nil {
		return err
	}
	var dropped atomic.Int64
	var over atomic.Bool
	var readers sync.WaitGroup
	for _, c := range conns {
		readers.Go(func() {
			_ = c.Receive(func(wire.Publication) {}, func(error) {})
			if !over.Load() {
				dropped.Add(1)
			}
		})
	}
	say(out, "held")
	_, err = io.Copy(io.Discard, in)
	over.Store(true)
	closeAll(conns)
	readers.Wait()
	say(out, "%d", dropped.Load())
	return err
}
