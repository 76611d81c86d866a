package cache

import (
	"bytes"
	"errors"
	"testing"

	"magpie.build/tools/pipeline/internal/hash"
)

// The reader takes any bytes and answers with a head whose outputs lie in the workspace, or with ErrBroken.
func FuzzReadHead(f *testing.F) {
	whole, err := encodeHead(head{Recipe: Recipe{Task: "a#build", Log: []byte("x")}, Outputs: []Output{{Name: "out/x", Mode: 0o755, Size: 3, Content: hash.Content{1}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(heading + "\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readHead(bytes.NewReader(data))
		if err != nil && !errors.Is(err, ErrBroken) {
			t.Fatalf("err = %v", err)
		}
		for _, o := range h.Outputs {
			if err := o.check(); err != nil {
				t.Errorf("took output %q: %v", o.Name, err)
			}
		}
	})
}

func TestOutputsOutsideAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../x", "/etc/passwd", "a/../../x", "", "a//b", "."} {
		data, err := encodeHead(head{Outputs: []Output{{Name: name}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readHead(bytes.NewReader(data)); !errors.Is(err, ErrBroken) {
			t.Errorf("output %q: %v", name, err)
		}
	}
}
