package memory

import "syscall"

// noRoom is ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL.
var noRoom = []error{syscall.Errno(39), syscall.Errno(112)}
