package delivery

import (
	"math/rand/v2"
	"time"

	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/internal/sabotage"
)

// sabotaged delivers a publication in a way that breaks a promise, if one is switched off.
func sabotaged(handler pubsub.Handler, l *line, next item) bool {
	position := next.publication.Position
	if position.Offset == 0 {
		return false
	}
	switch {
	case sabotage.NoOrder:
		l.advance(next.publication)
		//nolint:gosec // no secret
		time.AfterFunc(rand.N(200*time.Millisecond), func() { handler.HandlePublication(l.channel, next.publication) })
		return true
	case sabotage.NoRepair && position.Epoch == l.at.Epoch && position.Offset > l.at.Offset+1:
		l.advance(next.publication)
		handler.HandlePublication(l.channel, next.publication)
		return true
	case sabotage.NoFence && repeats(l.at, position):
		return true
	}
	return false
}

// ignored reports whether the end of a history is to be overlooked, because a promise is switched off.
func ignored(at, top pubsub.Position) bool {
	return sabotage.NoRepair || sabotage.NoFence && repeats(at, top)
}
