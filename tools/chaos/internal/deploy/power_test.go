package deploy

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestOnlyWhatTheDiskConfirmedStaysAfterAPowerCut(t *testing.T) {
	t.Parallel()
	const file = `\x64\x62` // db
	for _, c := range []struct{ name, trace, want string }{
		{"nothing was confirmed", `7 pwrite64(5<` + file + `>, "\x58", 1, 0) = 1`, "abc"},
		{"confirmed", `7 pwrite64(5<` + file + `>, "\x58\x59", 2, 1) = 2
7 fdatasync(5<` + file + `>) = 0
7 pwrite64(5<` + file + `>, "\x5a", 1, 0) = 1`, "aXY"},
		{"beyond the end", `7 pwrite64(5<` + file + `>, "\x58", 1, 4) = 1
7 fsync(5<` + file + `>)   = 0`, "abc\x00X"},
		{"made shorter, then longer", `7 ftruncate(5<` + file + `>, 1) = 0
7 ftruncate(5<` + file + `>, 2) = 0
7 fdatasync(5<` + file + `>) = 0`, "a\x00"},
		{"written while the disk confirmed", `7 pwrite64(5<` + file + `>, "\x58", 1, 0) = 1
7 fdatasync(5<` + file + `> <unfinished ...>
8 pwrite64(5<` + file + `>, "\x59", 1, 1) = 1
7 <... fdatasync resumed>) = 0`, "Xbc"},
		{"killed while the disk confirmed", `7 pwrite64(5<` + file + `>, "\x58", 1, 0) = 1
7 fdatasync(5<` + file + `> <unfinished ...>
7 +++ killed by SIGKILL +++`, "abc"},
		{"another file", `7 pwrite64(5<\x6f\x74>, "\x58", 1, 0) = 1
7 fdatasync(5<\x6f\x74>) = 0`, "abc"},
	} {
		trace := filepath.Join(t.TempDir(), "trace")
		if err := os.WriteFile(trace, []byte(c.trace+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		images := map[string]*image{"db": {confirmed: []byte("abc")}}
		if err := replay(trace, images); err != nil || string(images["db"].confirmed) != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, images["db"].confirmed, err, c.want)
		}
	}
}

// What strace saw of one process says nothing of the next: its files are left alone.
func TestAPowerCutIsForTheProcessThatWasWatched(t *testing.T) {
	t.Parallel()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("SKIPPED: there is no program that does nothing")
	}
	dir := t.TempDir()
	file, trace := filepath.Join(dir, "db"), filepath.Join(dir, "trace")
	for name, text := range map[string]string{file: "said to the second process", trace: ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &Process{Name: "server", program: sleep, args: []string{"600"}, log: filepath.Join(dir, "log")}
	defer p.Kill()
	for range 2 {
		p.Kill()
		if err := p.launch(); err != nil {
			t.Fatal(err)
		}
	}
	first := exec.CommandContext(t.Context(), sleep, "0")
	images := map[string]*image{file: {confirmed: []byte("said")}}
	if _, err := p.takeBack(trace, watch{strace: first, of: first}, images); !errors.Is(err, errReplaced) {
		t.Errorf("it is taken back: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "said to the second process" {
		t.Errorf("the disk has %q, %v", text, err)
	}
	if !p.running() {
		t.Error("the second process was killed")
	}
	if _, err := p.takeBack(trace, watch{strace: first, of: p.cmd}, images); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "said" {
		t.Errorf("the disk has %q, %v", text, err)
	}
}
