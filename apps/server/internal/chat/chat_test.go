package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
	"magpie.build/packages/pubsub/memory"
)

var (
	ada    = auth.User{ID: "u-ada", Name: "Ada"}
	nobody = auth.User{}
)

func plain(_ context.Context, m chat.Message) (string, error) { return "<li>" + m.Text + "</li>", nil }

func newBroker(t *testing.T) *memory.Broker {
	t.Helper()
	broker, err := memory.Open(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	return broker
}

// newChat returns a chat as one of the servers on the broker sees it. It hears of nothing live: so it
// must read what it has not seen.
func newChat(t *testing.T, broker pubsub.Broker, options chat.Options) *chat.Chat {
	t.Helper()
	watched := control.New(broker)
	c := chat.New(watched, realtime.New(watched, nil, realtime.Options{}), plain, options)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func names(t *testing.T, c *chat.Chat) []string {
	t.Helper()
	rooms, err := c.Rooms(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, room := range rooms {
		list = append(list, room.Name)
	}
	return list
}

func TestADeploymentBeginsWithItsFirstRoomsOnce(t *testing.T) {
	broker := newBroker(t)
	newChat(t, broker, chat.Options{})
	again := newChat(t, broker, chat.Options{FirstRooms: []string{"Other"}})
	if got := names(t, again); !slices.Equal(got, []string{"General", "Random"}) {
		t.Errorf("rooms: %q", got)
	}
}

func TestARoomMadeOnOneServerIsOnAllOthers(t *testing.T) {
	broker := newBroker(t)
	one, two := newChat(t, broker, chat.Options{}), newChat(t, broker, chat.Options{})
	made, err := one.Create(t.Context(), ada, " Go &  Friends! ")
	if err != nil {
		t.Fatal(err)
	}
	if made.ID != "go-friends" || made.Name != "Go & Friends!" || made.By != ada.ID {
		t.Errorf("made %+v", made)
	}
	if there, err := two.Join(t.Context(), ada, made.ID); err != nil || there != made {
		t.Errorf("the other server: %+v, %v", there, err)
	}
	if there, err := two.Create(t.Context(), ada, "GO friends"); !errors.Is(err, chat.ErrRoomExists) || there != made {
		t.Errorf("made again: %+v, %v", there, err)
	}
}

func TestRoomNamesThatCannotBe(t *testing.T) {
	c := newChat(t, newBroker(t), chat.Options{})
	for _, name := range []string{"", "  ", "!!!", "a\x00b", "a\u202eb", "\xff", strings.Repeat("a", 41)} {
		_, err := c.Create(t.Context(), ada, name)
		if _, ok := errors.AsType[*chat.InputError](err); !ok {
			t.Errorf("Create(%q): %v, want an *InputError", name, err)
		}
	}
}

func TestChannelsAndRoomsAreOneToOne(t *testing.T) {
	if id, ok := chat.RoomOf(chat.Channel("go-friends")); !ok || id != "go-friends" {
		t.Errorf("there and back: %q, %v", id, ok)
	}
	for _, channel := range []string{"", "room:", "other:general", "$rooms"} {
		if id, ok := chat.RoomOf(channel); ok {
			t.Errorf("%q belongs to room %q", channel, id)
		}
	}
}

func TestWhoHasNoNameMayNothing(t *testing.T) {
	c := newChat(t, newBroker(t), chat.Options{})
	ctx := t.Context()
	_, listing := c.Rooms(ctx, nobody)
	_, creating := c.Create(ctx, nobody, "Mine")
	_, joining := c.Join(ctx, nobody, "general")
	_, sending := c.Send(ctx, nobody, "general", chat.Draft{ClientID: "1", Text: "hi"})
	_, reading := c.History(ctx, nobody, "general", chat.PageRequest{})
	_, looking := c.People(ctx, nobody, "general")
	for i, err := range []error{listing, creating, joining, sending, reading, looking} {
		if !errors.Is(err, chat.ErrForbidden) {
			t.Errorf("operation %d: %v", i, err)
		}
	}
}

func TestAMessageSentTwiceIsSaidOnce(t *testing.T) {
	broker := newBroker(t)
	one, two := newChat(t, broker, chat.Options{}), newChat(t, broker, chat.Options{})
	draft := chat.Draft{ClientID: "c1", Text: " hello\r\nthere "}
	first, err := one.Send(t.Context(), ada, "general", draft)
	if err != nil {
		t.Fatal(err)
	}
	second, err := two.Send(t.Context(), ada, "general", draft)
	if err != nil || second.ID != first.ID {
		t.Errorf("the retry: %+v, %v", second, err)
	}
	other := auth.User{ID: "u-bob", Name: "Bob"}
	if _, err := two.Send(t.Context(), other, "general", draft); err != nil {
		t.Fatal(err) // the same id of another user is another message
	}
	page, err := two.History(t.Context(), ada, "general", chat.PageRequest{})
	if err != nil || len(page.Messages) != 2 || page.Messages[0].Text != "hello\nthere" {
		t.Errorf("history: %+v, %v", page, err)
	}
	if page.Messages[0].HTML != "<li>hello\nthere</li>" || page.Messages[0].Offset != 1 || page.Position.Offset != 2 {
		t.Errorf("first message: %+v of %+v", page.Messages[0], page.Position)
	}
}

func TestMessagesThatCannotBe(t *testing.T) {
	c := newChat(t, newBroker(t), chat.Options{})
	for name, draft := range map[string]chat.Draft{
		"empty":           {ClientID: "1"},
		"space":           {ClientID: "1", Text: " \n "},
		"too long":        {ClientID: "1", Text: strings.Repeat("ä", chat.MaxText+1)},
		"control":         {ClientID: "1", Text: "bell\a"},
		"not UTF-8":       {ClientID: "1", Text: "\xff"},
		"no id":           {Text: "hi"},
		"id with spaces":  {ClientID: "a b", Text: "hi"},
		"id that is long": {ClientID: strings.Repeat("a", 65), Text: "hi"},
	} {
		_, err := c.Send(t.Context(), ada, "general", draft)
		if _, ok := errors.AsType[*chat.InputError](err); !ok {
			t.Errorf("%s: %v, want an *InputError", name, err)
		}
	}
	if _, err := c.Send(t.Context(), ada, "nowhere", chat.Draft{ClientID: "1", Text: "hi"}); !errors.Is(err, chat.ErrUnknownRoom) {
		t.Errorf("unknown room: %v", err)
	}
	longest := chat.Draft{ClientID: "1", Text: strings.Repeat("😀", chat.MaxText)}
	if _, err := c.Send(t.Context(), ada, "general", longest); err != nil {
		t.Errorf("the longest message: %v", err)
	}
}

func TestHistoryIsReadPageByPageIntoThePast(t *testing.T) {
	c := newChat(t, newBroker(t), chat.Options{RoomHistory: 25})
	for i := range 30 { // the first five are forgotten
		if _, err := c.Send(t.Context(), ada, "general", chat.Draft{ClientID: fmt.Sprint(i), Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var read []string
	request := chat.PageRequest{Limit: 10}
	for {
		page, err := c.History(t.Context(), ada, "general", request)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, message := range page.Messages {
			texts = append(texts, message.Text)
		}
		read = append(texts, read...)
		if request.Before = page.Older; page.Older == 0 {
			break
		}
	}
	if len(read) != 25 || read[0] != "5" || read[24] != "29" || !slices.IsSortedFunc(read, byNumber) {
		t.Errorf("read %q", read)
	}
	gone, err := c.History(t.Context(), ada, "general", chat.PageRequest{Before: 2})
	if err != nil || len(gone.Messages) != 0 {
		t.Errorf("before everything: %+v, %v", gone, err)
	}
}

func byNumber(a, b string) int {
	var x, y int
	_, _ = fmt.Sscan(a, &x)
	_, _ = fmt.Sscan(b, &y)
	return x - y
}
