//go:build unix

package memory

import "syscall"

// noRoom is what writing fails with when the disk, a quota or a limit leaves no room.
var noRoom = []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
