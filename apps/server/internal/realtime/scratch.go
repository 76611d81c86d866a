package realtime

// scratch is where a flush gathers what goes to one connection. Its memory is used again.
type scratch struct {
	objects [][]byte
	// entries is how many of the objects are from a log, bytes how long all are together.
	entries, bytes int
	// frame is the ready frame when there is one entry and nothing else.
	frame []byte
	// ping says that a ping frame comes before.
	ping bool
	buf  []byte
}

// maxFlushBytes is about how much one flush gathers. A socket that is full keeps a copy of that and no more: what
// else a slow reader has not seen is in the log, which all share, or in history.
const maxFlushBytes = 128 << 10

// maxScratchBytes is what a scratch keeps from one flush to the next.
const maxScratchBytes = 256 << 10

func (s *scratch) reset() {
	clear(s.objects)
	s.objects, s.entries, s.bytes, s.frame, s.ping = s.objects[:0], 0, 0, nil, false
	if cap(s.buf) > maxScratchBytes {
		s.buf = nil
	}
	s.buf = s.buf[:0]
}

func (s *scratch) addEntry(e framed) {
	s.objects = append(s.objects, e.body())
	s.frame = e.frame
	s.entries++
	s.bytes += len(e.frame)
}

func (s *scratch) addObject(object []byte) {
	s.objects = append(s.objects, object)
	s.frame = nil
	s.bytes += len(object)
}

// message returns everything as it is written, in the order it was added.
func (s *scratch) message(f framing) []byte {
	if len(s.objects) == 1 && s.frame != nil && f.shared() {
		return s.frame
	}
	s.buf = f.appendObjects(s.buf, s.objects)
	return s.buf
}
