package realtime

import "time"

// credit is how many commands a connection may send: so many a second come in, up to a burst, and
// each command takes one.
type credit struct {
	left float64
	at   time.Time
}

// burstSeconds is how many seconds of commands a client may send at once.
const burstSeconds = 2

type standing uint8

const (
	affordable standing = iota
	// overdrawn is who sends too much: the command is refused.
	overdrawn
	// bankrupt is who does not stop at that.
	bankrupt
)

func newCredit(now time.Time, perSecond int) credit {
	return credit{left: burstSeconds * float64(perSecond), at: now}
}

// allow takes one of so many a second, if there is one; below zero is any number. Unlike with spend, who is
// refused owes nothing.
func (c *credit) allow(now time.Time, perSecond int) bool {
	if c.spend(now, perSecond) == affordable {
		return true
	}
	c.left++
	return false
}

// spend takes one command of so many a second; below zero is any number.
func (c *credit) spend(now time.Time, perSecond int) standing {
	if perSecond < 0 {
		return affordable
	}
	burst := burstSeconds * float64(perSecond)
	c.left = min(burst, c.left+now.Sub(c.at).Seconds()*float64(perSecond)) - 1
	c.at = now
	switch {
	case c.left >= 0:
		return affordable
	case c.left >= -burst:
		return overdrawn
	default:
		return bankrupt
	}
}
