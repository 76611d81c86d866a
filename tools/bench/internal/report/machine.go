package report

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine says where and when a run measured.
type Machine struct {
	Date   string `json:"date"`
	System string `json:"system"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Go     string `json:"go"`
	// Load is how many processes wanted to run, on average over the last minute before; 0 where the system does not say. More
	// than there are cores means that times are longer than they need be, and that ratios alone tell something.
	Load float64 `json:"load,omitempty"`
	// Pinned says that server and load had a core each.
	Pinned bool `json:"pinned"`
}

// ThisMachine describes where the program runs, at the given time.
func ThisMachine(now time.Time) Machine {
	return Machine{
		Date: now.Format(time.DateOnly), System: runtime.GOOS + "/" + runtime.GOARCH, CPU: model(), Cores: runtime.NumCPU(), Go: runtime.Version(), Load: busy(),
	}
}

// String returns the machine in one line.
func (m Machine) String() string {
	pinned := ""
	if m.Pinned {
		pinned = ", server and load pinned to a core each"
	}
	others := ""
	if m.Load > float64(m.Cores) {
		others = fmt.Sprintf(", which had other work too (load %.0f): times are longer than they need be", m.Load)
	}
	return fmt.Sprintf("%s, %d cores of %s, %s, %s%s%s", m.System, m.Cores, m.CPU, m.Go, m.Date, pinned, others)
}

// busy returns the load of the last minute where Linux says it.
func busy() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	value, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return value
}

// model returns the processor's name where Linux says it.
func model() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
