package hash

import (
	"bytes"
	"maps"
	"testing"
)

func FuzzDecode(f *testing.F) {
	whole := encode(map[string]entry{"a/b.go": {stat: stat{size: 5, modified: -1, changed: 9, inode: 1 << 60, mode: 0o644}, content: Content{1, 2}}, "": {}})
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte(heading))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decode(data)
		if err != nil {
			return
		}
		again, err := decode(encode(entries))
		if err != nil || !maps.Equal(again, entries) {
			t.Errorf("%v became %v, %v", entries, again, err)
		}
	})
}

func TestDecodeTakesWhatEncodeMade(t *testing.T) {
	t.Parallel()
	entries := map[string]entry{"x": {stat: stat{size: 1 << 40, modified: 3}, content: Content{7}}}
	data := encode(entries)
	if got, err := decode(data); err != nil || !maps.Equal(got, entries) {
		t.Errorf("decode = %v, %v", got, err)
	}
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1
		if _, err := decode(damaged); err == nil {
			t.Fatalf("a flipped bit in byte %d was not seen", i)
		}
	}
}
