package main

import "testing"

func TestStaticKeepsWhatGOFLAGSHolds(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]string{
		"":                      "-tags=netgo,osusergo",
		"-v":                    "-v -tags=netgo,osusergo",
		"-tags=a,b -v":          "-tags=a,b,netgo,osusergo -v",
		"--tags=a":              "-tags=a,netgo,osusergo",
		"'-ldflags=-s -w' -x":   "'-ldflags=-s -w' -x -tags=netgo,osusergo",
		"'-tags=a b' -v":        "'-tags=a b' -v",
		"-mod=vendor -tags=a,b": "-mod=vendor -tags=a,b,netgo,osusergo",
	} {
		if got := static(flags); got != want {
			t.Errorf("GOFLAGS %q becomes %q, want %q", flags, got, want)
		}
	}
}
