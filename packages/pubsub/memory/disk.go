package memory

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"magpie.build/packages/pubsub"
)

// Bounds of one commit. Publishes that come while it runs wait for the next.
const (
	batchSize  = 1024
	batchBytes = 8 << 20
)

// lockPatience is how long opening waits for another process to let go of the directory: enough
// for one that is just ending.
const lockPatience = 500 * time.Millisecond

// disk is a store in a directory. One goroutine writes, so that publishes that wait at the same
// time share a commit; anybody reads.
type disk struct {
	deliver deliver
	db      *bolt.DB
	waiting chan *waiter // unbuffered writes wait here; never closed
	stop    chan struct{}
	done    chan struct{} // the writer has gone

	mu    sync.Mutex
	fresh map[string]string // epochs of channels that were not on disk when first asked for
}

// waiter is a publish that waits for its commit.
type waiter struct {
	publish
	publication pubsub.Publication
	repeated    bool
	err         error
	done        chan struct{}
}

func openDisk(dir string, d deliver) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open history in %s: %w", dir, err)
	}
	db, err := bolt.Open(filepath.Join(dir, "history.db"), 0o600, &bolt.Options{Timeout: lockPatience, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open history in %s: another process has it open: end that one, or choose another directory", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open history in %s: %w", dir, err)
	}
	if err := db.Update(makeBuckets); err != nil {
		return nil, errors.Join(fmt.Errorf("open history in %s: %w", dir, err), db.Close())
	}
	s := &disk{
		deliver: d,
		db:      db,
		waiting: make(chan *waiter, batchSize),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
		fresh:   make(map[string]string),
	}
	go s.write()
	return s, nil
}

func makeBuckets(tx *bolt.Tx) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *disk) publish(ctx context.Context, p publish) (pubsub.Position, error) {
	w := &waiter{publish: p, done: make(chan struct{})}
	select {
	case s.waiting <- w:
	case <-s.done:
		return pubsub.Position{}, pubsub.ErrClosed
	case <-ctx.Done():
		return pubsub.Position{}, ctx.Err()
	}
	select {
	case <-w.done:
		return w.publication.Position, w.err
	case <-ctx.Done():
		return pubsub.Position{}, ctx.Err()
	case <-s.done:
	}
	select {
	case <-w.done: // it was among the last
		return w.publication.Position, w.err
	default:
		return pubsub.Position{}, pubsub.ErrClosed
	}
}

func (s *disk) history(channel string, o pubsub.HistoryOptions) (history pubsub.History, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		history, err = newBatch(tx, now(), s.epoch).read(channel, o)
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return history, pubsub.ErrClosed
	case err != nil && !errors.Is(err, pubsub.ErrUnrecoverable):
		return history, fmt.Errorf("read history of %q in %s: %w", channel, s.db.Path(), err)
	}
	return history, err
}

func (s *disk) close() error {
	close(s.stop)
	<-s.done
	return s.db.Close()
}

// write commits what waits until the store is closed, and then the rest.
func (s *disk) write() {
	defer close(s.done)
	for {
		select {
		case w := <-s.waiting:
			s.commit(s.gather(w))
		case <-s.stop:
			for len(s.waiting) > 0 {
				s.commit(s.gather(<-s.waiting))
			}
			return
		}
	}
}

// gather takes whoever waits already; it does not wait for more, as the commit before was long
// enough for others to come.
func (s *disk) gather(first *waiter) []*waiter {
	all, size := []*waiter{first}, len(first.data)
	for len(all) < batchSize && size < batchBytes {
		select {
		case w := <-s.waiting:
			all, size = append(all, w), size+len(w.data)
		default:
			return all
		}
	}
	return all
}

// commit writes all in one transaction, delivers and answers.
func (s *disk) commit(all []*waiter) {
	err := s.db.Update(func(tx *bolt.Tx) error {
		b := newBatch(tx, now(), s.epoch)
		for _, w := range all {
			var err error
			if w.publication, w.repeated, err = b.append(w.publish); err != nil {
				return err
			}
		}
		return b.sweep()
	})
	for _, w := range all {
		switch {
		case err != nil:
			w.publication, w.err = pubsub.Publication{}, fmt.Errorf("write history to %s: %w", s.db.Path(), err)
		case !w.repeated:
			s.deliver(w.channel, w.publication)
		}
	}
	for _, w := range all {
		close(w.done)
	}
}

// epoch returns the epoch of a channel that is not on disk. It stays known once the channel is
// there: a reader whose transaction is older must not make up another.
func (s *disk) epoch(channel string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	epoch, ok := s.fresh[channel]
	if !ok {
		epoch = newEpoch()
		s.fresh[channel] = epoch
	}
	return epoch
}
