package output

import (
	"bytes"
	"fmt"
	"os"
)

// A File takes events as a JSON array that is complete at every moment: each write takes the array's end along.
type File struct {
	file  *os.File
	end   int64 // where the array's end begins
	empty bool
	err   error // why nothing is written any more
}

// arrayEnd closes the array.
var arrayEnd = []byte("\n]\n")

// CreateFile makes a file that its owner alone can read, or empties it.
func CreateFile(name string) (*File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create log file: %w", err)
	}
	file := &File{file: f, end: 1, empty: true}
	err = f.Chmod(0o600)
	if err == nil {
		_, err = f.Write(append([]byte("["), arrayEnd...))
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("create log file: %w", err)
	}
	return file, nil
}

// add writes events behind those that are there. The printer calls it under its lock.
func (f *File) add(events []event) {
	if f.err != nil || len(events) == 0 {
		return
	}
	var b bytes.Buffer
	for line := range bytes.Lines(encode(events)) {
		if !f.empty {
			b.WriteByte(',')
		}
		f.empty = false
		b.WriteByte('\n')
		b.Write(bytes.TrimSuffix(line, []byte("\n")))
	}
	length := int64(b.Len())
	b.Write(arrayEnd)
	if _, f.err = f.file.WriteAt(b.Bytes(), f.end); f.err != nil {
		// A full disk may have taken half of it: what was there before is complete.
		_ = f.file.Truncate(f.end)
		_, _ = f.file.WriteAt(arrayEnd, f.end)
		return
	}
	f.end += length
}

// Close closes the file. The error says since when nothing was written.
func (f *File) Close() error {
	err := f.file.Close()
	if f.err != nil {
		err = f.err
	}
	if err != nil {
		return fmt.Errorf("write log file: %w", err)
	}
	return nil
}
