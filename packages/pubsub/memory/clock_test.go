package memory_test

import (
	"testing"
	"time"

	"magpie.build/packages/pubsub"
)

// TestClockSetBackChangesNoEnd sets the machine's clock back by a day: what was to end in a minute ends in a
// minute, and publications carry the time that people see.
func TestClockSetBackChangesNoEnd(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"in memory": "", "on disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, dir)
			defer shut(t, b)
			noon := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
			at := func(wall time.Time, running time.Duration) {
				b.SetClock(func() (time.Time, time.Duration) { return wall, running })
			}
			o := pubsub.PublishOptions{HistorySize: 3, HistoryTTL: time.Minute, IdempotencyKey: "key", IdempotencyTTL: time.Minute}
			at(noon, 0)
			first := publish(t, b, "a", o)

			back := noon.AddDate(0, 0, -1)
			at(back.Add(30*time.Second), 30*time.Second)
			if again := publish(t, b, "a", o); again != first {
				t.Errorf("half a minute later the key answers %v, not %v", again, first)
			}
			at(back.Add(61*time.Second), 61*time.Second)
			if history, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Limit: -1}); err != nil || len(history.Publications) != 0 {
				t.Errorf("after its minute the channel has %v, %v", history, err)
			}
			if later := publish(t, b, "a", o); later.Offset != 2 {
				t.Errorf("after its minute the key answers %v", later)
			}
			history, err := b.History(t.Context(), "a", pubsub.HistoryOptions{Limit: -1})
			if err != nil || len(history.Publications) != 1 || !history.Publications[0].Time.Equal(back.Add(61*time.Second)) {
				t.Errorf("the channel has %v, %v", history, err)
			}
		})
	}
}
