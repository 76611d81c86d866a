//go:build !linux

package doctor

// fileSystemOf is what Linux tells.
func fileSystemOf(string) fileSystem { return fileSystem{} }
