package redis

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
