package roomlist_test

import (
	"strings"
	"testing"

	"magpie.build/packages/ui/internal/htmltest"
	"magpie.build/packages/ui/roomlist"
)

func TestUnreadIsSeenAndHeard(t *testing.T) {
	for unread, want := range map[int]string{0: "tea", 1: "tea11 unread message", 99: "tea9999 unread messages", 100: "tea99+100 unread messages"} {
		root := htmltest.Parse(t, roomlist.RoomList(roomlist.Props{Rooms: []roomlist.Room{{ID: "tea", Name: "tea", Href: "/rooms/tea", Unread: unread}}}))
		if got := strings.Join(strings.Fields(htmltest.Text(htmltest.One(t, root, "a"))), " "); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%d unread: the link says %q", unread, got)
		}
	}
}

func TestCurrentRoomIsMarked(t *testing.T) {
	root := htmltest.Parse(t, roomlist.RoomList(roomlist.Props{Rooms: []roomlist.Room{{Name: "a", Href: "/a"}, {Name: "b", Href: "/b", Current: true}}}))
	for link := range htmltest.Elements(root, "a") {
		href, _ := htmltest.Attr(link, "href")
		if current, _ := htmltest.Attr(link, "aria-current"); (current == "page") != (href == "/b") {
			t.Errorf("%s: aria-current is %q", href, current)
		}
	}
}
