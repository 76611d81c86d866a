// Package parent knows of the process that started this one.
package parent

import "context"

// UntilGone has nothing to do: a console's closing ends all its programs. It returns ctx's error.
func UntilGone(ctx context.Context, _ context.CancelFunc) error {
	<-ctx.Done()
	return ctx.Err()
}
