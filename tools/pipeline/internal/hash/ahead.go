package hash

import (
	"runtime"
	"slices"
	"sync/atomic"
)

// Ahead begins to look at the files that it knows, from the end of the index file, while the caller does what takes one processor: at those that
// have notes first, then at the others. Stop ends it and waits for it. Whoever reads all notes anyway, from the beginning, waits less.
func (x *Index) Ahead() (stop func()) {
	if runtime.GOMAXPROCS(0) < 2 {
		return func() {}
	}
	var stopped atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, look := range []func(*folder, *Index){(*folder).lookAtNoted, (*folder).lookAtHashed} {
			for _, name := range slices.Backward(x.names) {
				if stopped.Load() {
					return
				}
				look(x.known[name], x)
			}
		}
	}()
	return func() {
		stopped.Store(true)
		<-done
	}
}

func (f *folder) lookAtNoted(x *Index) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open(x)
	if slices.ContainsFunc(f.records, func(r *record) bool { return r.noted }) {
		if _, err := f.list(x); err == nil {
			f.refreshNoted(x.epoch.Load())
		}
	}
}

func (f *folder) lookAtHashed(x *Index) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open(x)
	if _, err := f.list(x); err != nil {
		return
	}
	epoch := x.epoch.Load()
	for _, r := range f.records {
		if r.hashed && r.at != epoch {
			_ = f.refresh(r, epoch)
		}
	}
}

// refreshNoted looks at the files that have notes. What it finds drops the memos, if anything has to.
func (f *folder) refreshNoted(epoch uint32) {
	for _, r := range f.records {
		if r.noted && r.at != epoch {
			_ = f.refresh(r, epoch)
		}
	}
}
