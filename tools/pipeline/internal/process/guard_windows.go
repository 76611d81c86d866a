package process

// A Guard does nothing here: what commands have started goes on when this process is killed.
type Guard struct{}

func (*Guard) add(int) {}

func (*Guard) remove(int) {}

// Close does nothing.
func (*Guard) Close() {}
