//go:build unix

package process

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
)

// A Guard kills the groups of commands when this process is killed and cannot do it any more: a shell, which learns of groups
// that come and go by a pipe, and whose pipe ends when we do. It starts with the first command. Commands that leave their
// group escape it. The zero value is ready to use, nil is a guard that guards nothing; safe for concurrent use.
type Guard struct {
	mu      sync.Mutex
	pipe    *os.File
	started chan struct{} // closed when the shell has been started, or could not be
	shell   *exec.Cmd
	groups  int
	closing bool
}

// watch is what the shell does. It ignores what ends us in an orderly way.
const watch = `trap '' INT TERM HUP
groups=
while read -r change group; do
	case $change in
	+) groups="$groups $group" ;;
	-)
		left=
		for each in $groups; do
			[ "$each" = "$group" ] || left="$left $each"
		done
		groups=$left
		;;
	esac
done
for each in $groups; do
	kill -s KILL -- "-$each" 2>/dev/null
done`

// add has the guard watch over a group.
func (g *Guard) add(id int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups++
	if g.started == nil {
		g.start()
	}
	g.tell("+", id)
}

// remove tells the guard that a group has ended.
func (g *Guard) remove(id int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.groups--
	g.tell("-", id)
	g.end()
}

// Close ends the guard, once the last command has ended.
func (g *Guard) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closing = true
	g.end()
}

// start starts the shell, in a group of its own, and does not wait for that: what it is told waits in the pipe.
func (g *Guard) start() {
	g.started = make(chan struct{})
	read, write, err := os.Pipe()
	if err != nil {
		close(g.started)
		return
	}
	g.pipe = write
	g.shell = &exec.Cmd{
		Path: "/bin/sh", Args: []string{"sh", "-c", watch, "magpie-guard", strconv.Itoa(os.Getpid())}, Dir: "/", Stdin: read,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	go func() {
		defer close(g.started)
		if g.shell.Start() != nil {
			g.shell = nil // then nobody is told anything
		}
		_ = read.Close()
	}()
}

// tell writes to the shell. Where there is none there is no guard, which is no reason not to run anything.
func (g *Guard) tell(change string, id int) {
	if g.pipe != nil {
		_, _ = fmt.Fprintln(g.pipe, change, id)
	}
}

// end ends the shell when nothing is left to guard.
func (g *Guard) end() {
	if !g.closing || g.groups > 0 || g.started == nil {
		return
	}
	<-g.started
	if g.pipe != nil {
		_ = g.pipe.Close()
		g.pipe = nil
	}
	if g.shell != nil {
		_ = g.shell.Wait()
	}
	g.started, g.shell = nil, nil
}
