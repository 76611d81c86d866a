//go:build magpie_unsafe

package realtime

import (
	"os"
	"slices"
	"strings"
)

// noOrder has connections take publications as they come: see sabotage_none.go.
var noOrder = slices.Contains(strings.Split(os.Getenv("MAGPIE_UNSAFE"), ","), "order")
