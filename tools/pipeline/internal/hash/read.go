package hash

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A reading is what came of reading a file.
type reading struct {
	content Content
	note    string
	settled bool // the file was not changed meanwhile, nor so lately that the next change could look the same
}

// read hashes a file that was seen so, or the text of a link.
func (x *Index) read(full string, seen stat, derive func([]byte) string) (reading, error) {
	var r reading
	var err error
	switch {
	case seen.mode&fs.ModeSymlink != 0:
		var text string
		if text, err = os.Readlink(full); err == nil {
			r.content = sha256.Sum256([]byte(text))
		}
	case derive != nil:
		var data []byte
		if data, err = os.ReadFile(full); err == nil {
			r.content, r.note = sha256.Sum256(data), derive(data)
		}
	default:
		r.content, err = sum(full)
	}
	if err != nil {
		return reading{}, err
	}
	again, err := anywhere.lstat(full)
	r.settled = err == nil && again == seen && seen.settled(x.now())
	return r, nil
}

func sum(full string) (content Content, err error) {
	f, err := os.Open(full)
	if err != nil {
		return content, err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	h.Sum(content[:0])
	return content, err
}

// readFile reads a file, and says when it was written.
func readFile(file string) (data []byte, written time.Time, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, written, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, written, err
	}
	data = make([]byte, info.Size())
	_, err = io.ReadFull(f, data)
	return data, info.ModTime(), err
}

// WriteFile writes a file in one step: beside its place, then renamed into it.
func WriteFile(file string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
