package git

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // what git seals its index with; nothing depends on its strength
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"unsafe"
)

// The index file (gitformat-index): a header, an entry for each file, extensions, and the SHA-1 of all before. An entry is stat data, the
// object's id and flags, all of fixed size, and the name, filled up with zero bytes.
const (
	indexHeader   = 12
	indexName     = 62 // where an entry's name begins, but for further flags
	furtherFlags  = 0x4000
	directoryMode = 0o040000
)

// readIndex returns the files that the index of the repository at root names, sorted. It reports false where it does not understand the index: git
// itself has to be asked then. It is there because to start git takes longer than most runs.
func readIndex(root string) ([]string, bool) {
	if os.Getenv("GIT_INDEX_FILE") != "" || os.Getenv("GIT_DIR") != "" { // as in hooks
		return nil, false
	}
	data, err := os.ReadFile(filepath.Join(root, ".git", "index"))
	if err != nil || len(data) < indexHeader+sha1.Size {
		return nil, false
	}
	body := data[:len(data)-sha1.Size]
	if seal := sha1.Sum(body); !bytes.Equal(seal[:], data[len(body):]) { //nolint:gosec // see above
		return nil, false // a repository of SHA-256, or one that saves the time for the seal
	}
	version, count := binary.BigEndian.Uint32(body[4:]), binary.BigEndian.Uint32(body[8:])
	if string(body[:4]) != "DIRC" || version < 2 || version > 3 {
		return nil, false
	}
	text := unsafe.String(unsafe.SliceData(body), len(body)) //nolint:gosec // nobody writes to it, and the names are parts of it
	files := make([]string, 0, min(int(count), len(body)/indexName))
	at := indexHeader
	for range count {
		from, to, size, ok := indexEntry(body[at:])
		if !ok {
			return nil, false
		}
		files = append(files, text[at+from:at+to])
		at += size
	}
	return files, slices.IsSorted(files) && isWhole(body[at:])
}

// indexEntry returns where the name of the first entry begins and ends, and the entry's size.
func indexEntry(data []byte) (from, to, size int, ok bool) {
	if len(data) < indexName || binary.BigEndian.Uint32(data[24:]) == directoryMode { // a folder stands for all in it
		return 0, 0, 0, false
	}
	from = indexName
	if binary.BigEndian.Uint16(data[60:])&furtherFlags != 0 {
		from += 2
	}
	if len(data) < from {
		return 0, 0, 0, false
	}
	length := bytes.IndexByte(data[from:], 0)
	if length <= 0 {
		return 0, 0, 0, false
	}
	size = (from + length + 8) / 8 * 8 // one to eight zero bytes
	return from, from + length, size, size <= len(data)
}

// isWhole reports whether the extensions leave it at what the entries say.
func isWhole(extensions []byte) bool {
	for len(extensions) > 0 {
		if len(extensions) < 8 {
			return false
		}
		size := uint64(binary.BigEndian.Uint32(extensions[4:]))
		if string(extensions[:4]) == "link" || size > uint64(len(extensions)-8) { // the entries are spread over two files
			return false
		}
		extensions = extensions[8+size:]
	}
	return true
}
