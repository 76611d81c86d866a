package doctor

import (
	"context"
	"time"
)

// maxSkew is how far clocks may be apart: tokens and what people read as the time of a message are in seconds.
const maxSkew = time.Second

// Clock compares this machine's clock with one that read returns, of what name says.
func Clock(name string, read func(context.Context) (time.Time, error)) Check {
	return Check{Name: "clock", Run: func(ctx context.Context) Finding {
		began := time.Now()
		there, err := read(ctx)
		took := time.Since(began)
		if err != nil {
			return failed("see to it that "+name+" answers", "%v", err)
		}
		// It was read somewhere between the two.
		skew := there.Sub(began.Add(took / 2)).Abs()
		if skew > maxSkew+took/2 {
			return doubtful("have both machines follow the same time servers (NTP)",
				"this machine's clock and that of %s are %v apart", name, skew.Round(time.Millisecond))
		}
		return well("as that of %s, within %v", name, (skew + took/2).Round(time.Millisecond))
	}}
}
