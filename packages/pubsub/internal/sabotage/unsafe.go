//go:build magpie_unsafe

// Package sabotage switches promises of the brokers off: see none.go.
package sabotage

import (
	"os"
	"slices"
	"strings"
)

// What MAGPIE_UNSAFE switches off: words with commas between them.
var (
	NoRepair      = off("repair")
	NoFence       = off("fence")
	NoIdempotency = off("idempotency")
	NoOrder       = off("order")
	NoReceipt     = off("receipt")
)

func off(promise string) bool {
	return slices.Contains(strings.Split(os.Getenv("MAGPIE_UNSAFE"), ","), promise)
}
