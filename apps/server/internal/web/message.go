package web

import (
	"context"
	"strings"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/packages/ui/message"
)

// RenderMessage is the [chat.Render] of this server's pages: the row that history shows and the row
// that arrives live are one component.
func RenderMessage(ctx context.Context, m chat.Message) (string, error) {
	var row strings.Builder
	err := message.Message(messageProps(m)).Render(ctx, &row)
	return row.String(), err
}

func messageProps(m chat.Message) message.Props {
	return message.Props{
		ID:       m.ID,
		ClientID: m.ClientID,
		Offset:   m.Offset,
		Author:   message.Author{ID: m.UserID, Name: m.Name},
		At:       m.At,
		Text:     m.Text,
	}
}

// pendingProps is the row that the room's script clones for a message on its way.
func pendingProps(user auth.User) message.Props {
	return message.Props{State: message.Pending, Author: message.Author{ID: user.ID, Name: user.Name}}
}
