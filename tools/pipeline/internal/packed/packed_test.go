package packed_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"magpie.build/tools/pipeline/internal/packed"
)

func TestWhatWasWrittenIsRead(t *testing.T) {
	t.Parallel()
	out := packed.AppendString(nil, "a")
	out = packed.AppendStrings(out, []string{"", "bc"})
	out = packed.AppendStrings(out, nil)
	out = binary.LittleEndian.AppendUint64(out, 1<<63)
	out = binary.AppendVarint(binary.AppendUvarint(out, 1<<63), -5)
	r := packed.Reader{Data: string(out)}
	if a, list, none := r.String(), r.Strings(), r.Strings(); a != "a" || !slices.Equal(list, []string{"", "bc"}) || none != nil {
		t.Errorf("got %q, %q, %q", a, list, none)
	}
	if f, u, i := r.Fixed(), r.Uint(), r.Int(); f != -1<<63 || u != 1<<63 || i != -5 {
		t.Errorf("got %d, %d, %d", f, u, i)
	}
	if r.Broken || r.More() {
		t.Errorf("left %+v", r)
	}
	if r.String() != "" || !r.Broken {
		t.Error("reading on is not seen")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(string(packed.AppendStrings(nil, []string{"a", "b"})))
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	f.Fuzz(func(t *testing.T, data string) {
		r := packed.Reader{Data: data}
		list := r.Strings()
		if len(list) > len(data) {
			t.Errorf("%d strings out of %d bytes", len(list), len(data))
		}
		again := packed.Reader{Data: string(packed.AppendStrings(nil, list))}
		if !r.Broken && !slices.Equal(again.Strings(), list) {
			t.Errorf("%q did not come back", list)
		}
	})
}
