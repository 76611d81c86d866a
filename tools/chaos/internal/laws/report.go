package laws

import (
	"fmt"
	"strings"
	"time"

	"magpie.build/tools/chaos/internal/record"
)

// String is the verdict in a line.
func (v Verdict) String() string {
	what := fmt.Sprintf("%s, %s, %s, seed %d", v.Model.System, v.Model.Topology, v.Model.Nemesis, v.Model.Seed)
	counts := fmt.Sprintf("%d published, %d acknowledged, %d shown, %d resets, %d faults", v.Published, v.Acknowledged, v.Shown, v.Resets, v.Faults)
	if v.LeftOut > 0 {
		counts += fmt.Sprintf(", %d left out: %s", v.LeftOut, v.Reason)
	}
	if v.Good() {
		return fmt.Sprintf("%s: all five laws hold (%s)", what, counts)
	}
	return fmt.Sprintf("%s: %d violations (%s)", what, len(v.Violations), counts)
}

// around is how long before a violation a fault is worth naming.
const around = 15 * time.Second

// Report is the verdict for people: which laws were broken how often, and the smallest failing history.
func (v Verdict) Report(h record.History) string {
	var b strings.Builder
	fmt.Fprintln(&b, v)
	if v.Good() {
		return b.String()
	}
	for law := Readable; law <= Noticed; law++ {
		n, first := 0, ""
		for _, violation := range v.Violations {
			if violation.Law == law {
				if n == 0 {
					first = violation.Sentence
				}
				n++
			}
		}
		if n > 0 {
			fmt.Fprintf(&b, "  law %d, %s: broken %d times, first: %s\n", law, law, n, first)
		}
	}
	smallest := v.Smallest()
	fmt.Fprintf(&b, "smallest failing history, law %d: %s\n", smallest.Law, smallest.Sentence)
	for _, e := range smallest.Evidence {
		fmt.Fprintf(&b, "  %s\n", e)
	}
	if n := len(smallest.Evidence); n > 0 {
		from, to := smallest.Evidence[0].At-around, smallest.Evidence[n-1].At
		fmt.Fprintln(&b, "what was done meanwhile, and shortly before:")
		for _, e := range h.Events {
			if (e.Kind == record.Fault || e.Kind == record.Heal) && from <= e.At && e.At <= to {
				fmt.Fprintf(&b, "  %s\n", e)
			}
		}
	}
	return b.String()
}
