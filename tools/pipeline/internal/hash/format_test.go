package hash

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// FuzzDecode gives the reader any bytes: it takes them as an index or says that they are none.
func FuzzDecode(f *testing.F) {
	whole := encode([]packedFolder{{"a", "xyz"}, {"a/b", ""}})
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte(heading))
	f.Add(encode([]packedFolder{{"b", ""}, {"a", ""}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		folders, err := decode(data)
		if err != nil {
			return
		}
		again, err := decode(encode(folders))
		if err != nil || !slices.Equal(again, folders) {
			t.Errorf("%v became %v, %v", folders, again, err)
		}
	})
}

// FuzzUnpack gives the reader of a folder any bytes: what it takes comes out the same once more.
func FuzzUnpack(f *testing.F) {
	f.Add(listed(f))
	f.Add("")
	f.Fuzz(func(t *testing.T, packed string) {
		x := Open(t.TempDir(), "none")
		one := &folder{name: "."}
		if one.unpack(packed) != nil {
			return
		}
		text := one.pack(x)
		two := &folder{name: "."}
		if text == "" {
			return
		}
		if err := two.unpack(text); err != nil || two.pack(x) != text && len(two.records) > 0 {
			t.Errorf("%q became %q: %v", packed, text, err)
		}
	})
}

// listed is a folder of two files as the index keeps it.
func listed(tb testing.TB) string {
	tb.Helper()
	root := tb.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o644); err != nil {
			tb.Fatal(err)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(filepath.Join(root, name), old, old); err != nil {
			tb.Fatal(err)
		}
	}
	x := Open(root, filepath.Join(root, "index"))
	if _, err := x.ReadDir("."); err != nil {
		tb.Fatal(err)
	}
	if _, _, err := x.Note("a", func(content []byte) string { return "note of " + string(content) }); err != nil {
		tb.Fatal(err)
	}
	f := x.folder(".")
	for _, r := range f.records {
		r.settled = true // as it is two seconds later
	}
	return f.pack(x)
}

func TestFolderComesBackAsItWas(t *testing.T) {
	t.Parallel()
	f := &folder{name: "."}
	if err := f.unpack(listed(t)); err != nil {
		t.Fatal(err)
	}
	if len(f.records) < 1 || f.records[0].Name() != "a" || !f.records[0].hashed || f.records[0].note != "note of a" {
		t.Errorf("records = %+v", f.records)
	}
}

func TestEveryDamageToTheIndexIsSeen(t *testing.T) {
	t.Parallel()
	data := encode([]packedFolder{{"x", listed(t)}})
	if got, err := decode(data); err != nil || len(got) != 1 {
		t.Errorf("decode = %v, %v", got, err)
	}
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1
		if _, err := decode(damaged); err == nil {
			t.Fatalf("a flipped bit in byte %d was not seen", i)
		}
		if _, err := decode(data[:i]); err == nil {
			t.Fatalf("an index cut after %d bytes was taken", i)
		}
	}
}

// A stat is trusted only when no later change can look the same.
func TestOnlyOldStatsAreSettled(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := func(ago time.Duration) int64 { return now.Add(-ago).UnixNano() }
	for name, test := range map[string]struct {
		seen stat
		want bool
	}{
		"long unchanged":                       {stat{modified: at(time.Hour), changed: at(time.Hour)}, true},
		"just past the coarsest clock":         {stat{modified: at(racy + 1), changed: at(racy + 1)}, true},
		"in the same tick":                     {stat{modified: at(racy), changed: at(racy)}, false},
		"at the very moment":                   {stat{modified: at(0), changed: at(0)}, false},
		"of the future":                        {stat{modified: at(-time.Hour), changed: at(time.Hour)}, false},
		"dated back just now":                  {stat{modified: at(time.Hour), changed: at(0)}, false},
		"changed by a clock that was set back": {stat{modified: at(time.Hour), changed: at(-time.Hour)}, false},
		"without a change time":                {stat{modified: at(time.Hour)}, true},
	} {
		if got := test.seen.settled(now); got != test.want {
			t.Errorf("%s: settled is %v", name, got)
		}
	}
}
