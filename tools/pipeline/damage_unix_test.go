//go:build unix

package pipeline_test

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var damages = flag.Int("damages", 60, "how often TestDamagedStateIsNeverBelieved damages files")

// wanted is what a clean build of killWorkspace makes where m0 reads text.
func wanted(t *testing.T, text string) string {
	t.Helper()
	clean := t.TempDir()
	write(t, clean, killWorkspace())
	write(t, clean, map[string]string{"m0/in.txt": text})
	runAll(t, clean)
	return outputsOf(t, clean)
}

// holds checks that the outputs are those of a clean build, and that what is stored of them is too.
func holds(t *testing.T, dir, want, when string) {
	t.Helper()
	if got := outputsOf(t, dir); got != want {
		t.Fatalf("%s: the outputs are\n%s\na clean build makes\n%s", when, got, want)
	}
	outputs, err := filepath.Glob(filepath.Join(dir, "*/out"))
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range outputs {
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
	}
	runAll(t, dir)
	if got := outputsOf(t, dir); got != want {
		t.Fatalf("%s: from the cache come\n%s\na clean build makes\n%s", when, got, want)
	}
}

// Whatever happens to the files under .magpie, the next run makes what a clean build makes.
func TestDamagedStateIsNeverBelieved(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs many times")
	}
	dir := t.TempDir()
	write(t, dir, killWorkspace())
	texts := []string{"state 0\n", "state 1\n"}
	want := map[string]string{}
	for _, text := range texts {
		want[text] = wanted(t, text)
		write(t, dir, map[string]string{"m0/in.txt": text})
		runAll(t, dir)
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range *damages {
		what := damage(t, random, filepath.Join(dir, ".magpie"))
		text := texts[random.IntN(2)]
		write(t, dir, map[string]string{"m0/in.txt": text})
		if random.IntN(2) == 0 {
			if err := os.RemoveAll(filepath.Join(dir, "m1/out")); err != nil {
				t.Fatal(err)
			}
		}
		runAll(t, dir)
		holds(t, dir, want[text], fmt.Sprintf("round %d, seed %d: after %s", round, seed, what))
	}
}

// damage flips a bit of a file below dir, cuts it off, empties it or puts another in its place, and says what it did. It
// keeps the file's time now and then, as a disk does.
func damage(t *testing.T, random *rand.Rand, dir string) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pick := func() (string, []byte) {
		name := files[random.IntN(len(files))]
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return name, data
	}
	name, data := pick()
	if len(data) == 0 {
		return "nothing"
	}
	at, how := random.IntN(len(data)), ""
	switch random.IntN(4) {
	case 0:
		how = fmt.Sprint("a flipped bit in byte ", at)
		data[at] ^= 1 << random.IntN(8)
	case 1:
		how = fmt.Sprint("a cut after byte ", at)
		data = data[:at]
	case 2:
		how = "emptying"
		data = nil
	case 3:
		other, of := pick()
		how, data = "putting "+filepath.Base(other)+" in place", of
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if random.IntN(2) == 0 {
		if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	return how + " of " + strings.TrimPrefix(name, dir)
}

// Two runs in one workspace get in each other's way, but neither leaves anything wrong in the cache.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, killWorkspace())
	for round := range 5 {
		text := fmt.Sprint("state ", round%2, "\n")
		write(t, dir, map[string]string{"m0/in.txt": text})
		var both sync.WaitGroup
		for range 2 {
			cmd := command(t, dir, "build")
			both.Go(func() { _ = cmd.Run() }) // one may fail: the other clears outputs before it makes them
		}
		both.Wait()
		runAll(t, dir)
		holds(t, dir, wanted(t, text), fmt.Sprint("round ", round))
	}
}

// A disk that is full stores nothing half: the run says so, and the next one that has room makes everything.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small := filepath.Join(dir, ".magpie")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted here: %v, %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", small).CombinedOutput(); err != nil { //nolint:noctx // the test's context has ended
			t.Errorf("%v, %s", err, out)
		}
	})
	write(t, dir, killWorkspace())
	noise := make([]byte, 64<<10)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	write(t, dir, map[string]string{"m0/in.txt": string(noise)})
	out, err := command(t, dir, "build").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "is not cached") {
		t.Errorf("got %v\n%s", err, out)
	}
	want := outputsOf(t, dir)
	if err := os.RemoveAll(filepath.Join(dir, "m0/out")); err != nil {
		t.Fatal(err)
	}
	runAll(t, dir)
	holds(t, dir, want, "on the full disk")
}

// A limit of file sizes kills whoever writes more than that, in the midst of it.
func TestLimitOfFileSizes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, killWorkspace())
	for round, blocks := range []int{0, 1, 8, 64, 700} { // of 512 bytes; big.txt has 860
		text := fmt.Sprint("state ", round, "\n")
		write(t, dir, map[string]string{"m0/in.txt": text})
		cmd := command(t, dir, "build")
		limited := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf(`ulimit -f %d && exec "$0" build`, blocks), cmd.Path)
		limited.Dir, limited.Env = cmd.Dir, cmd.Env
		if out, err := limited.CombinedOutput(); err == nil {
			t.Errorf("%d blocks are enough:\n%s", blocks, out)
		}
		runAll(t, dir)
		holds(t, dir, wanted(t, text), fmt.Sprint("after a limit of ", blocks, " blocks"))
	}
}

// Where the cache cannot be written, tasks run as if there were none, and the run says so once.
func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for name, filled := range map[string]bool{"empty": false, "filled": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, killWorkspace())
			state := filepath.Join(dir, ".magpie")
			if err := os.MkdirAll(state, 0o755); err != nil {
				t.Fatal(err)
			}
			if filled {
				write(t, dir, map[string]string{"m0/in.txt": "state 1\n"})
				runAll(t, dir)
			}
			lock(t, state)
			for _, text := range []string{"state 0\n", "state 1\n"} {
				write(t, dir, map[string]string{"m0/in.txt": text})
				want := wanted(t, text)
				out, err := command(t, dir, "build").CombinedOutput()
				if said := strings.Count(string(out), "nothing is cached"); err != nil || said != 1 || strings.Count(string(out), "warning") != 1 {
					t.Errorf("got %v\n%s", err, out)
				}
				holds(t, dir, want, text)
			}
		})
	}
}

// lock keeps everybody from writing to a folder, root too.
func lock(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
			if err == nil {
				err = os.Chmod(name, 0o555)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = exec.Command("chmod", "-R", "u+w", dir).Run() }) //nolint:noctx // the test's context has ended
		return
	}
	for _, args := range [][]string{{"--bind", dir, dir}, {"-o", "remount,bind,ro", dir}} {
		if out, err := exec.CommandContext(t.Context(), "mount", args...).CombinedOutput(); err != nil {
			t.Skipf("nothing can be mounted here: %v, %s", err, out)
		}
		if args[0] == "--bind" {
			t.Cleanup(func() {
				if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil { //nolint:noctx // the test's context has ended
					t.Errorf("%v, %s", err, out)
				}
			})
		}
	}
}

// A clock that was set back gives files that will change once more in the same tick of times to come.
func TestFilesOfTheFutureAreReadEachTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, killWorkspace())
	future := time.Now().Add(time.Hour)
	for _, text := range []string{"state 0\n", "state 1\n", "state 2\n"} {
		write(t, dir, map[string]string{"m0/in.txt": text})
		if err := os.Chtimes(filepath.Join(dir, "m0/in.txt"), future, future); err != nil {
			t.Fatal(err)
		}
		runAll(t, dir)
		if got, want := outputsOf(t, dir), wanted(t, text); got != want {
			t.Fatalf("%q: the outputs are\n%s\na clean build makes\n%s", text, got, want)
		}
	}
}
