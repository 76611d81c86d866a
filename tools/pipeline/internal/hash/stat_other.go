//go:build !linux && !darwin

package hash

import "io/fs"

func statOf(info fs.FileInfo) stat {
	return stat{size: info.Size(), modified: info.ModTime().UnixNano(), mode: uint32(info.Mode())}
}
