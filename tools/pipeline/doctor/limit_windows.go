package doctor

import "context"

// Descriptors is the number of files and connections that one process may have open, which
// Windows does not limit.
func Descriptors(uint64) Check {
	return Check{
		Name: "open files", For: "thousands of connections, file watching", Optional: true,
		Find: func(context.Context) (string, error) { return "no limit", nil },
	}
}
