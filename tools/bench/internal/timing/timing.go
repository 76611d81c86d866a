// Package timing measures whole processes side by side.
package timing

import (
	"context"
	"fmt"
	"io"
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
}

// Times are what the runs of one command took. Lists stand in ascending order.
type Times struct {
	Name string          `json:"name"`
	Wall []time.Duration `json:"wall_ns"`
	// CPU is user and system time of the process and those it waited for.
	CPU []time.Duration `json:"cpu_ns"`
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

// limit is how long one run may take.
const limit = 5 * time.Minute

// Interleaved runs each command twice to warm it up and then runs times, in turns, so that what else the
// machine does meets all of them alike. It ends at the first command that fails, and says what that said.
func Interleaved(ctx context.Context, runs int, progress io.Writer, commands ...Command) ([]Times, error) {
	times := make([]Times, len(commands))
	const warm = 2
	for round := range warm + runs {
		for i, c := range commands {
			wall, cpu, says, err := once(ctx, c)
			if err != nil {
				return nil, err
			}
			times[i].Name, times[i].Says = c.Name, says
			if round >= warm {
				times[i].Wall, times[i].CPU = append(times[i].Wall, wall), append(times[i].CPU, cpu)
			}
			if round == 0 {
				_, _ = fmt.Fprintf(progress, "  %s: first run %v\n", c.Name, wall.Round(time.Millisecond))
			}
		}
	}
	for i := range times {
		slices.Sort(times[i].Wall)
		slices.Sort(times[i].CPU)
	}
	return times, nil
}

func once(ctx context.Context, c Command) (wall, cpu time.Duration, says string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir = c.Dir
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall = time.Since(start)
	if err != nil {
		return 0, 0, "", fmt.Errorf("%s in %s: %w\n%s", strings.Join(c.Argv, " "), c.Dir, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), lines[len(lines)-1], nil
}
