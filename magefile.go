//go:build mage

package main

import (
	"context"
	"fmt"

	_ "magpie.build/tools/pipeline"
)

// Build builds.
func Build(ctx context.Context, filter *string, dry *bool) error { fmt.Println("hi", filter, dry); return nil }
