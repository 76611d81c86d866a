// Package timing measures whole processes side by side.
package timing

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// A Command is something to measure.
type Command struct {
	Name string
	Dir  string
	Argv []string
	// Env is added to the environment of this process.
	Env []string
	// Before runs before each run, outside the measurement. Nil means nothing.
	Before func() error
	// Runs is the most runs that are measured, for what takes long. Zero means as many as asked.
	Runs int
}

// Times are what the runs of one command took. Lists stand in ascending order.
type Times struct {
	Name string          `json:"name"`
	Wall []time.Duration `json:"wall_ns"`
	// CPU is user and system time of the process and those it waited for.
	CPU []time.Duration `json:"cpu_ns"`
	// Memory is the most that the process had in memory, in bytes; none where the system does not say.
	Memory []int64 `json:"memory,omitempty"`
	// Says is the last line of the last run's output.
	Says string `json:"says,omitempty"`
}

// Min returns the shortest time.
func (t Times) Min() time.Duration { return t.Wall[0] }

// Median returns the middle time, or the longer of the two in the middle.
func (t Times) Median() time.Duration { return t.Wall[len(t.Wall)/2] }

// Max returns the longest time.
func (t Times) Max() time.Duration { return t.Wall[len(t.Wall)-1] }

// MedianCPU returns the middle of the CPU times; zero where none were taken.
func (t Times) MedianCPU() time.Duration {
	if len(t.CPU) == 0 {
		return 0
	}
	return t.CPU[len(t.CPU)/2]
}

// Peak returns the middle of what the process had in memory at most, in bytes; zero where that is not known.
func (t Times) Peak() int64 {
	if len(t.Memory) == 0 {
		return 0
	}
	return t.Memory[len(t.Memory)/2]
}

// limit is how long one run may take.
const limit = 5 * time.Minute

// Interleaved runs each command twice to warm it up and then runs times, in turns, so that what else the
// machine does meets all of them alike. It ends at the first command that fails, and says what that said.
func Interleaved(ctx context.Context, runs int, progress io.Writer, commands ...Command) ([]Times, error) {
	times := make([]Times, len(commands))
	const warm = 2
	for round := range warm + runs {
		for i, c := range commands {
			if c.Runs > 0 && round >= warm+c.Runs {
				continue
			}
			r, err := once(ctx, c)
			if err != nil {
				return nil, err
			}
			times[i].Name, times[i].Says = c.Name, r.says
			if round >= warm {
				times[i] = times[i].with(r)
			}
			if round == 0 {
				_, _ = fmt.Fprintf(progress, "  %s: first run %v\n", c.Name, r.wall.Round(time.Millisecond))
			}
		}
	}
	for i := range times {
		slices.Sort(times[i].Wall)
		slices.Sort(times[i].CPU)
		slices.Sort(times[i].Memory)
	}
	return times, nil
}

// A result is what one run took.
type result struct {
	wall, cpu time.Duration
	memory    int64
	says      string
}

func (t Times) with(r result) Times {
	t.Wall, t.CPU = append(t.Wall, r.wall), append(t.CPU, r.cpu)
	if r.memory > 0 {
		t.Memory = append(t.Memory, r.memory)
	}
	return t
}

func once(ctx context.Context, c Command) (result, error) {
	if c.Before != nil {
		if err := c.Before(); err != nil {
			return result{}, fmt.Errorf("prepare a run of %s: %w", c.Name, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), c.Env...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return result{}, fmt.Errorf("%s in %s: %w\n%s", strings.Join(c.Argv, " "), c.Dir, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	state := cmd.ProcessState
	return result{wall, state.UserTime() + state.SystemTime(), peak(state), lines[len(lines)-1]}, nil
}
