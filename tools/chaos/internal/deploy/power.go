package deploy

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// watched is for how long a server writes before the power is cut.
const watched = 2 * time.Second

// cutPower kills the server and takes back from its files all that the disk had not confirmed, as a power cut may: a kill alone
// takes nothing from the system's cache. What was written and what was confirmed is told by strace.
func (d *Deployment) cutPower(int) (Wound, error) {
	p := d.Servers[0]
	trace := filepath.Join(d.o.Dir, "writes")
	w, err := p.trace(trace)
	if err != nil {
		return Wound{}, err
	}
	images, err := readImages(filepath.Join(d.disk.dir, "data"))
	if err == nil {
		<-time.After(watched)
	}
	lost := 0
	if err == nil {
		lost, err = p.takeBack(trace, w, images)
	}
	if err != nil {
		if !errors.Is(err, errReplaced) {
			p.Kill()
		}
		_ = w.strace.Wait()
		return Wound{}, errors.Join(err, p.Start())
	}
	return Wound{fmt.Sprintf("%s, %d writes lost", p.Name, lost), p.Start}, nil
}

// A watch is strace, and what it watches.
type watch struct{ strace, of *exec.Cmd }

// errReplaced is no power cut: another fault killed the program while it was watched, and nobody knows what its successor had confirmed.
var errReplaced = errors.New("it was started again while it was watched")

// takeBack kills the program and makes its files what the disk had confirmed. Nobody starts it meanwhile.
func (p *Process) takeBack(trace string, w watch, images map[string]*image) (lost int, err error) {
	p.power.Lock()
	defer p.power.Unlock()
	if !p.is(w.of) {
		return 0, errReplaced
	}
	p.Kill()
	_ = w.strace.Wait() // it ends with what it watched
	if err := replay(trace, images); err != nil {
		return 0, err
	}
	for name, image := range images {
		lost += len(image.pending)
		if err := overwrite(name, image.confirmed); err != nil {
			return 0, err
		}
	}
	return lost, nil
}

// is reports whether the program is still, or was last, this process.
func (p *Process) is(cmd *exec.Cmd) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd == cmd
}

// overwrite writes a file in its place: there may be no room on the disk for another.
func overwrite(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	return errors.Join(err, f.Truncate(int64(len(data))), f.Close())
}

// trace has strace write down what the program writes to files, and returns when it does.
func (p *Process) trace(file string) (watch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return watch{}, errors.New("it does not run")
	}
	cmd := exec.Command("strace", "-f", "-y", "-xx", "-s", "16777216", "-e", "trace=pwrite64,ftruncate,fdatasync,fsync", //nolint:noctx // it ends with what it watches
		"-o", file, "-p", strconv.Itoa(p.cmd.Process.Pid))
	talk, err := cmd.StderrPipe()
	if err != nil {
		return watch{}, err
	}
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return watch{}, fmt.Errorf("what is written is watched by strace: %w", err)
	}
	line, err := bufio.NewReader(talk).ReadString('\n')
	if err != nil || !strings.Contains(line, "attached") {
		return watch{}, errors.Join(fmt.Errorf("strace says %q: %w", strings.TrimSpace(line), err), cmd.Wait())
	}
	return watch{strace: cmd, of: p.cmd}, nil
}

// image is a file as the disk has it, and what was written since.
type image struct {
	confirmed []byte
	pending   []write
}

// write is one change of a file; without data it is a change of its size.
type write struct {
	data []byte
	at   int64
}

func readImages(dir string) (map[string]*image, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	images := make(map[string]*image)
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		images[name] = &image{confirmed: data}
	}
	return images, nil
}

// confirm applies the first n changes that wait.
func (m *image) confirm(n int) {
	for _, w := range m.pending[:n] {
		end := w.at + int64(len(w.data))
		switch {
		case w.data == nil && end <= int64(len(m.confirmed)):
			m.confirmed = m.confirmed[:end]
			continue
		case end > int64(len(m.confirmed)):
			m.confirmed = append(m.confirmed, make([]byte, end-int64(len(m.confirmed)))...)
		}
		copy(m.confirmed[w.at:], w.data)
	}
	m.pending = m.pending[n:]
}

// A call as strace writes it: process, name, file, and what follows; or the end of a call that others interrupted.
var (
	callLine    = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<((?:\\x[0-9a-f]{2})*)>(?:, (.*))?`)
	resumedLine = regexp.MustCompile(`^(\d+) +<\.\.\. (?:fdatasync|fsync) resumed>\) += 0`)
	writeArgs   = regexp.MustCompile(`^"((?:\\x[0-9a-f]{2})*)", \d+, (\d+)`)
	sizeArg     = regexp.MustCompile(`^(\d+)`)
)

// syncing is a call that asks the disk to confirm what was written before it began.
type syncing struct {
	image *image
	n     int
}

// replay brings images to what the disk had confirmed at the end.
func replay(trace string, images map[string]*image) error {
	text, err := os.ReadFile(trace)
	if err != nil {
		return err
	}
	under := make(map[string]syncing) // calls that have not returned, by thread
	for line := range bytes.Lines(text) {
		if m := resumedLine.FindSubmatch(line); m != nil {
			if s, ok := under[string(m[1])]; ok {
				s.image.confirm(min(s.n, len(s.image.pending)))
				delete(under, string(m[1]))
			}
			continue
		}
		m := callLine.FindSubmatch(line)
		if m == nil {
			continue
		}
		name, err := unhex(m[3])
		image := images[string(name)]
		if err != nil || image == nil {
			continue
		}
		switch string(m[2]) {
		case "pwrite64", "ftruncate":
			w, err := parseWrite(m[4])
			if err != nil {
				return fmt.Errorf("understand strace's %.80q: %w", line, err)
			}
			image.pending = append(image.pending, w)
		default:
			under[string(m[1])] = syncing{image, len(image.pending)}
			if bytes.HasSuffix(bytes.TrimSpace(line), []byte("= 0")) {
				image.confirm(len(image.pending))
				delete(under, string(m[1]))
			}
		}
	}
	return nil
}

func parseWrite(args []byte) (write, error) {
	if m := writeArgs.FindSubmatch(args); m != nil {
		data, err := unhex(m[1])
		if err != nil {
			return write{}, err
		}
		at, err := strconv.ParseInt(string(m[2]), 10, 64)
		return write{data: data, at: at}, err
	}
	m := sizeArg.FindSubmatch(args)
	if m == nil {
		return write{}, errors.New("neither data nor a size")
	}
	at, err := strconv.ParseInt(string(m[1]), 10, 64)
	return write{at: at}, err
}

func unhex(text []byte) ([]byte, error) {
	data := make([]byte, len(text)/4)
	_, err := hex.Decode(data, bytes.ReplaceAll(text, []byte(`\x`), nil))
	return data, err
}
