package redis

import "time"

// Kill ends b as if its process were killed: nobody is told.
func (b *Broker) Kill() {
	b.closed.Store(true)
	b.dispatcher.Close()
	b.cancel()
	b.wg.Wait()
	b.client.Close()
	b.close = func() error { return nil }
}

// Kill is as that of a Broker.
func (r *Ring) Kill() {
	for _, b := range r.brokers {
		b.Kill()
	}
}

// MaxWaiting is maxWaiting.
const MaxWaiting = maxWaiting

// Jump is jump.
var Jump = jump

// JudgeVersion judges a server that answers INFO with text.
func JudgeVersion(text string, ofCluster bool) Finding {
	s := state{info: parseInfo(text)}
	if ofCluster {
		s.mode = cluster
	}
	return version(s)
}

// JudgeClock judges a server whose clock is wrong.
func JudgeClock(skew, within time.Duration) Finding { return clock(state{skew: skew, within: within}) }
