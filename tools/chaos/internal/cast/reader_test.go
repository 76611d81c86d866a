package cast

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"magpie.build/tools/chaos/internal/wire"
)

// holding is a channel whose history ends somewhere.
func holding(epoch string, offset uint64) histories {
	return histories{"room": {Position: wire.Position{Epoch: epoch, Offset: offset}}}
}

// A failover after the last fault takes away what viewers had shown: they have time to show what there is now.
func TestSettlesOnWhatAFailoverLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		patience, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		now := holding("E", 7)
		told := time.Now().Add(3 * time.Second) // of the next epoch
		shown := 0
		last, err := settled(patience,
			func() (histories, error) { return now, nil },
			func(h histories) bool {
				if shown++; h["room"].Epoch == "E" {
					now = holding("F", 5)
					return true
				}
				return time.Now().After(told)
			})
		if err != nil || last["room"].Epoch != "F" || time.Now().Before(told) {
			t.Errorf("settled on %+v after %d looks: %v", last["room"], shown, err)
		}
	})
}

func TestSettlesOnWhatThereIsWhenPatienceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		patience, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		last, err := settled(patience, func() (histories, error) { return holding("E", 7), nil }, func(histories) bool { return false })
		if err != nil || last["room"].Offset != 7 || patience.Err() == nil {
			t.Errorf("settled on %+v: %v", last["room"], err)
		}
	})
}
