package deploy

import (
	"os"
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
