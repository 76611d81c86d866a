package realtime

import (
	"bytes"
	"fmt"
	"slices"

	"magpie.build/apps/server/internal/filter"
	"magpie.build/packages/pubsub"
)

// filter reads what a client wants of a channel's publications, nil for all.
func (c *connection) filter(cmd *subscribeCommand, offer SubscribeReply) (*filter.Node, error) {
	encoded := cmd.Filter
	switch {
	case len(encoded) == 0 || bytes.Equal(encoded, []byte("null")):
		return nil, nil
	case !offer.TagsFilter:
		return nil, badFilter("the channel takes none")
	case len(encoded) > filter.MaxBytes:
		return nil, badFilter(fmt.Sprintf("it has %d bytes, the most is %d", len(encoded), filter.MaxBytes))
	}
	wanted, err := c.codec.filter(encoded)
	if err != nil {
		return nil, badFilter("it cannot be read")
	}
	if err := wanted.Check(); err != nil {
		return nil, badFilter(err.Error())
	}
	return wanted, nil
}

func badFilter(why string) error {
	return &Error{Code: ErrBadRequest.Code, Message: "filter of tags: " + why}
}

// wants reports whether the client wants a publication with these tags.
func (s *subscription) wants(tags map[string]string) bool {
	return s.wanted == nil || s.wanted.Match(tags)
}

// filter leaves what the client wants of publications, which others may hold, too.
func (s *subscription) filter(publications []pubsub.Publication) []pubsub.Publication {
	if s.wanted == nil {
		return publications
	}
	return slices.DeleteFunc(slices.Clone(publications), func(p pubsub.Publication) bool {
		return !s.asksFor(p)
	})
}

// asksFor reports whether the client wants a publication, by its tags.
func (s *subscription) asksFor(p pubsub.Publication) bool {
	return s.wanted == nil || s.wants(readStored(p.Data).Tags)
}
