package memory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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

// idleSweep is how often a store that nobody publishes to looks for what has ended.
const idleSweep = time.Minute

// disk is a store in a directory. One goroutine writes, so that publishes that wait at the same
// time share a commit; anybody reads.
type disk struct {
	deliver deliver
	clock   *clock
	db      *bolt.DB
	sync    Sync
	epoch   string
	waiting chan *waiter // unbuffered writes wait here; never closed
	stop    chan struct{}
	done    chan struct{} // the writer has gone

	// settling is held while a commit is on its way to the disk, and by who begins to read: nobody sees
	// what an accident may still take back.
	settling sync.RWMutex
	// broken is why no more can be written. It is the writer's.
	broken error
}

// waiter is a publish, or something else, that waits for its commit.
type waiter struct {
	publish

	kind        waiterKind
	publication pubsub.Publication
	repeated    bool
	err         error
	done        chan struct{}
}

// waiterKind is what is to be done.
type waiterKind uint8

const (
	waitsToPublish waiterKind = iota
	// waitsToRemove is for the end of a channel's history.
	waitsToRemove
	// waitsToProbe changes nothing: the commit is all there is to wait for.
	waitsToProbe
)

func openDisk(o Options, d deliver) (*disk, error) {
	db, wentBack, err := openFile(o.Dir, o.Sync, o.Logger)
	if err != nil {
		return nil, fmt.Errorf("open history in %s: %w", o.Dir, err)
	}
	s := &disk{
		deliver: d,
		clock:   newClock(),
		db:      db,
		sync:    o.Sync,
		waiting: make(chan *waiter, batchSize),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	if err := s.begin(wentBack, o.Logger); err != nil {
		return nil, errors.Join(fmt.Errorf("open history in %s: %w", o.Dir, err), db.Close())
	}
	go s.write()
	return s, nil
}

// begin finds or ends the file's epoch. What that notes is on the disk before anything else is.
func (s *disk) begin(wentBack bool, log *slog.Logger) error {
	var renewed bool
	err := s.db.Update(func(tx *bolt.Tx) (err error) {
		s.epoch, renewed, err = begin(tx, s.sync, wentBack)
		return err
	})
	if renewed {
		log.Warn("history may be older than what was seen of it: clients are going to be told, and read it anew", "file", s.db.Path())
	}
	return errors.Join(err, s.db.Sync())
}

func (s *disk) publish(ctx context.Context, p publish) (pubsub.Position, error) {
	w := &waiter{publish: p, done: make(chan struct{})}
	if err := s.await(ctx, w); err != nil {
		return pubsub.Position{}, err
	}
	return w.publication.Position, nil
}

func (s *disk) remove(ctx context.Context, channel string) error {
	return s.await(ctx, &waiter{kind: waitsToRemove, publish: publish{channel: channel}, done: make(chan struct{})})
}

func (s *disk) probe(ctx context.Context) error {
	return s.await(ctx, &waiter{kind: waitsToProbe, done: make(chan struct{})})
}

// await has w committed. Unless it was, w is still the writer's, and not looked at.
func (s *disk) await(ctx context.Context, w *waiter) error {
	select {
	case s.waiting <- w:
	case <-s.done:
		return pubsub.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
	}
	select {
	case <-w.done: // it was among the last
		return w.err
	default:
		return pubsub.ErrClosed
	}
}

func (s *disk) history(channel string, o pubsub.HistoryOptions) (history pubsub.History, err error) {
	s.settling.RLock()
	tx, err := s.db.Begin(false)
	s.settling.RUnlock()
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return history, pubsub.ErrClosed
	}
	if err == nil {
		at, wall := s.clock.now()
		history, err = newBatch(tx, s.epoch, at, wall).read(channel, o)
		err = errors.Join(err, tx.Rollback())
	}
	if err != nil && !errors.Is(err, pubsub.ErrUnrecoverable) {
		return history, fmt.Errorf("read history of %q in %s: %w", channel, s.db.Path(), err)
	}
	return history, err
}

func (s *disk) close() error {
	close(s.stop)
	<-s.done
	return errors.Join(s.settle(), s.db.Close())
}

// settle has the disk take what was written without waiting for it, and notes that.
func (s *disk) settle() error {
	if s.sync == SyncAlways || s.isBroken() {
		return nil
	}
	if err := s.db.Sync(); err != nil {
		return err
	}
	s.db.NoSync = false
	return s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(aboutBucket).Delete(unsyncedKey) })
}

func (s *disk) isBroken() bool { return s.broken != nil }

// write commits what waits until the store is closed, and then the rest.
func (s *disk) write() {
	defer close(s.done)
	idle := time.NewTicker(idleSweep)
	defer idle.Stop()
	for {
		select {
		case w := <-s.waiting:
			s.commit(s.gather(w))
		case <-idle.C:
			if s.isAnyDue() {
				s.commit(nil)
			}
		case <-s.stop:
			for len(s.waiting) > 0 {
				s.commit(s.gather(<-s.waiting))
			}
			return
		}
	}
}

// isAnyDue reports whether a deadline has come.
func (s *disk) isAnyDue() (due bool) {
	_ = s.db.View(func(tx *bolt.Tx) error { // it reads a page, and is not going to be closed meanwhile
		at, wall := s.clock.now()
		b := newBatch(tx, s.epoch, at, wall)
		first, _ := b.deadlines.Cursor().First()
		due = b.due(first)
		return nil
	})
	return due
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
	err := s.transact(all)
	for _, w := range all {
		switch {
		case err != nil:
			w.publication, w.err = pubsub.Publication{}, err
		case !w.repeated && w.kind == waitsToPublish:
			s.deliver(w.channel, w.publication)
		}
	}
	for _, w := range all {
		close(w.done)
	}
}

// transact writes all, or nothing.
func (s *disk) transact(all []*waiter) error {
	if s.isBroken() {
		return s.broken
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return fmt.Errorf("write history to %s: %w", s.db.Path(), err)
	}
	if err = s.fill(tx, all); err != nil {
		return fmt.Errorf("write history to %s: %w", s.db.Path(), errors.Join(err, tx.Rollback()))
	}
	s.settling.Lock()
	err = tx.Commit()
	s.settling.Unlock()
	switch {
	case err == nil:
		return nil
	case isNoRoom(err):
		return fmt.Errorf("%w: write history to %s: there is no room; what is there stays, and more can be written once there is room: %v", pubsub.ErrUnavailable, s.db.Path(), err)
	default:
		// After a failed write nobody can say what the disk has: to go on could spoil what is there.
		s.broken = fmt.Errorf("%w: write history to %s: no more is written until it has been opened again, and so checked: %v", pubsub.ErrUnavailable, s.db.Path(), err)
		return s.broken
	}
}

func (s *disk) fill(tx *bolt.Tx, all []*waiter) (err error) {
	at, wall := s.clock.now()
	b := newBatch(tx, s.epoch, at, wall)
	for _, w := range all {
		switch w.kind {
		case waitsToPublish:
			w.publication, w.repeated, err = b.append(w.publish)
		case waitsToRemove:
			err = b.remove(w.channel)
		case waitsToProbe:
		}
		if err != nil {
			return err
		}
	}
	return b.sweep()
}

// isNoRoom goes by the text too, as bbolt does not wrap all that it returns.
func isNoRoom(err error) bool {
	return slices.ContainsFunc(noRoom, func(kind error) bool {
		return errors.Is(err, kind) || strings.Contains(err.Error(), kind.Error())
	})
}
