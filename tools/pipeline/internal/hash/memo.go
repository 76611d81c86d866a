package hash

import "slices"

// A memo is what somebody made of a folder. It holds as long as the listing of the folder and all files in it that have a note are as they
// were: whatever makes one of them another drops it.
type memo struct{ label, text string }

// manyMemos is how many a folder keeps: some for each way of building that people go back and forth between.
const manyMemos = 8

// Memo returns what derive makes of a folder, which is kept with the index: derive has to be a function of the folder's [Index.ReadDir] and of
// the [Index.Note] of regular files in it, and the same for all calls with one label. It reports whether that was so this time.
func (x *Index) Memo(dir, label string, derive func() (text string, isSo bool, err error)) (string, error) {
	f := x.folder(dir)
	f.mu.Lock()
	text, known := f.recall(x, label)
	epoch, forgotten := x.epoch.Load(), f.forgotten
	f.mu.Unlock()
	if known {
		return text, nil
	}
	text, isSo, err := derive()
	if err != nil || !isSo {
		return text, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	// Within an epoch each file is looked at once, so that derive saw what the records say.
	if x.epoch.Load() == epoch && f.forgotten == forgotten && f.isSettled(epoch) {
		f.memos = append(slices.DeleteFunc(f.memos, func(m memo) bool { return m.label == label }), memo{label, text})
		f.memos = f.memos[max(0, len(f.memos)-manyMemos):]
		f.packed = ""
		x.changed.Store(true)
	}
	return text, nil
}

// recall returns what is kept under a label, if it still holds.
func (f *folder) recall(x *Index, label string) (string, bool) {
	f.open(x)
	if len(f.memos) == 0 {
		return "", false
	}
	if _, err := f.list(x); err != nil {
		return "", false
	}
	f.refreshNoted(x.epoch.Load())
	for _, m := range f.memos {
		if m.label == label {
			return m.text, true
		}
	}
	return "", false
}

// isSettled reports whether the listing and all notes can be told from any others by their stat alone, and were in this epoch.
func (f *folder) isSettled(epoch uint32) bool {
	return f.seen != (stat{}) && f.listedAt == epoch && !slices.ContainsFunc(f.records, func(r *record) bool {
		return r.noted && (r.at != epoch || !r.settled)
	})
}
