package report

import (
	"fmt"
	"os"
	"runtime"
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
	// Pinned says that server and load had a core each.
	Pinned bool `json:"pinned"`
}

// ThisMachine describes where the program runs, at the given time.
func ThisMachine(now time.Time) Machine {
	return Machine{
		Date: now.Format(time.DateOnly), System: runtime.GOOS + "/" + runtime.GOARCH, CPU: model(), Cores: runtime.NumCPU(), Go: runtime.Version(),
	}
}

// String returns the machine in one line.
func (m Machine) String() string {
	pinned := ""
	if m.Pinned {
		pinned = ", server and load pinned to a core each"
	}
	return fmt.Sprintf("%s, %d cores of %s, %s, %s%s", m.System, m.Cores, m.CPU, m.Go, m.Date, pinned)
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
