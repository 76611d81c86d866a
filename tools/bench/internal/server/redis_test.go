package server

import (
	"errors"
	"testing"
)

func TestRedisCountsCalls(t *testing.T) {
	r, err := StartRedis(t.Context())
	if errors.Is(err, ErrNoRedis) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Stop()
	before, err := r.Calls(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after, err := r.Calls(t.Context())
	if err != nil || after["info"] != before["info"]+1 {
		t.Errorf("between two looks there are %v and %v, %v", before, after, err)
	}
}
