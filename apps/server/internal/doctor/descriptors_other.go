//go:build !unix

package doctor

// descriptorLimit is what Unix has.
func descriptorLimit() (limit uint64, ok bool) { return 0, false }
