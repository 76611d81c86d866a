package main

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Memory is given back once after each crowd, when it has come to rest, and never for a few.
func TestMemoryIsGivenBackAfterACrowd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		counts []int // at each look
		given  []int // the looks at which memory is given back
	}{
		{name: "nobody", counts: []int{0, 0, 0}},
		{name: "a few", counts: []int{0, 4900, 4900, 4910}},
		{name: "a crowd comes", counts: []int{0, 4000, 8000, 10000, 10000, 10000}, given: []int{4}},
		{name: "a crowd goes", counts: []int{10000, 10000, 3000, 3000, 3000}, given: []int{3}},
		{name: "a crowd goes and comes back", counts: []int{10000, 2000, 10000, 10000, 10000}, given: []int{3}},
		{name: "one by one, which adds up", counts: []int{0, 2000, 4000, 6000, 6001, 6001}, given: []int{4}},
		{name: "some go on coming", counts: []int{0, 10000, 10050, 10100}, given: []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), lookEvery*time.Duration(len(c.counts)+2))
				defer cancel()
				look := -1
				count := func() int {
					look++
					return c.counts[min(look, len(c.counts)-1)]
				}
				var given []int
				tidyMemory(ctx, count, func() { given = append(given, look) })
				if !slices.Equal(given, c.given) {
					t.Errorf("memory was given back at looks %v, want %v", given, c.given)
				}
			})
		})
	}
}
