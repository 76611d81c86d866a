package inspector_test

import (
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"magpie.build/apps/server/internal/inspector"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// crowd is a hub with more of everything than a page shows.
type crowd struct{ size int }

var _ inspector.Hub = crowd{}

func (c crowd) Stats() realtime.Stats {
	return realtime.Stats{Connections: c.size, Channels: c.size, Breaks: 3, Lagging: 1, MaxLagBytes: 5 << 20}
}

func (c crowd) InspectChannels() iter.Seq[realtime.ChannelState] {
	return func(yield func(realtime.ChannelState) bool) {
		for i := range c.size {
			state := realtime.ChannelState{
				Name: fmt.Sprintf("room:%06d", i), Subscribers: i % 1000, Publications: uint64(i),
				Position: pubsub.Position{Epoch: "e", Offset: uint64(2 * i)},
			}
			if i == 7 {
				state.Name, state.MaxLagBytes, state.Breaks = `<script>alert("x")</script>`, 1<<20, 1
			}
			if !yield(state) {
				return
			}
		}
	}
}

func (c crowd) InspectConnections() iter.Seq[realtime.ConnectionState] {
	return func(yield func(realtime.ConnectionState) bool) {
		for i := range c.size {
			if !yield(realtime.ConnectionState{
				Client: fmt.Sprintf("client%06d", i), User: fmt.Sprintf("user%d", i%10), RemoteAddr: "192.0.2.1:1",
				Since: time.Now().Add(-time.Duration(i) * time.Second), Lagging: i == 4, MaxLagBytes: uint64(i),
			}) {
				return
			}
		}
	}
}

func (c crowd) InspectSubscribers(string) iter.Seq[realtime.ConnectionState] {
	return crowd{2}.InspectConnections()
}

func (c crowd) InspectConnection(client string) (realtime.ConnectionState, []realtime.SubscriptionState, bool) {
	return realtime.ConnectionState{Client: client}, []realtime.SubscriptionState{
		{Channel: "b", Broken: true}, {Channel: "a", Behind: true}, {Channel: "c"},
	}, client == "client000001"
}

// ask returns the answer to a request, and the first column of its last table.
func ask(t *testing.T, path string) (answer *httptest.ResponseRecorder, body string, names []string) {
	t.Helper()
	i, err := inspector.New(crowd{size: 20_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	i.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	body = recorder.Body.String()
	document, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for node := range document.Descendants() {
		switch {
		case node.Data == "tbody":
			names = nil
		case node.Data == "th" && slices.Contains(node.Attr, html.Attribute{Key: "scope", Val: "row"}):
			names = append(names, text(node))
		}
	}
	return recorder, body, names
}

func text(node *html.Node) string {
	var b strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestListsAreBoundedSortedAndSearched(t *testing.T) {
	const most = 200
	for _, c := range []struct {
		path  string
		rows  int
		first string
		says  string
	}{
		{"/channels", most, "room:000999", "200 of 20,000 channels"},
		{"/channels?sort=name", most, `<script>alert("x")</script>`, "200 of 20,000"},
		{"/channels?sort=lag", most, `<script>alert("x")</script>`, "1.0 MiB"},
		{"/channels?sort=publications", most, "room:019999", "200 of 20,000"},
		{"/channels?sort=nonsense", most, "room:000999", "200 of 20,000"},
		{"/channels?q=0123", 100 + 10 + 2, "room:012399", "112 channels"},
		{"/channels?q=nowhere", 0, "", "There is none."},
		{"/connections", most, "client019999", "200 of 20,000 connections"},
		{"/connections?sort=client", most, "client000000", "200 of 20,000"},
		{"/connections?q=user3", most, "client019993", "200 of 2,000"},
		{"/connections?q=192.0.2.&sort=user", most, "client000000", "200 of 20,000"},
		{"/connections?channel=room:1", 2, "client000001", "2 connections"},
		{"/connections/client000001", 3, "a", "told of a loss"},
	} {
		answer, body, names := ask(t, c.path)
		if answer.Code != http.StatusOK || len(names) != c.rows || !strings.Contains(body, c.says) {
			t.Errorf("%s answers %d with %d rows, want %d and %q", c.path, answer.Code, len(names), c.rows, c.says)
			continue
		}
		if c.rows > 0 && names[0] != c.first {
			t.Errorf("%s begins with %q, want %q", c.path, names[0], c.first)
		}
	}
}

func TestWhatIsSearchedAndSortedStaysSo(t *testing.T) {
	_, body, _ := ask(t, "/connections?q=user1&channel=room:1&sort=lag")
	for _, want := range []string{
		`name="sort" value="lag"`, `name="channel" value="room:1"`, `value="user1"`,
		`href="/connections?channel=room%3A1&amp;q=user1&amp;sort=age"`, `aria-sort="descending"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestTheOverviewShowsWhoLags(t *testing.T) {
	answer, body, _ := ask(t, "/")
	if answer.Code != http.StatusOK || !strings.Contains(body, "client000004") || !strings.Contains(body, "5.0 MiB") {
		t.Errorf("the overview answers %d:\n%s", answer.Code, body)
	}
}

func TestAConnectionThatIsGoneIsNotFound(t *testing.T) {
	answer, body, _ := ask(t, "/connections/"+strings.Repeat("x", 300))
	if answer.Code != http.StatusNotFound || !strings.Contains(body, "no such connection") {
		t.Errorf("it answers %d:\n%s", answer.Code, body)
	}
}

func TestNamesAreNoMarkupAndPagesLoadNothingForeign(t *testing.T) {
	answer, body, _ := ask(t, "/channels?sort=lag")
	if strings.Contains(body, "<script>alert") {
		t.Error("a channel's name is markup")
	}
	if got := answer.Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; script-src 'self'; style-src 'self'") {
		t.Errorf("the policy is %q", got)
	}
	for _, inline := range []string{"<style", " style=", " onclick=", "<script>"} {
		if strings.Contains(body, inline) {
			t.Errorf("the page has %s inline", inline)
		}
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	i, err := inspector.New(crowd{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/theme", strings.NewReader("theme=dark"))
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	recorder := httptest.NewRecorder()
	i.Handler().ServeHTTP(recorder, request)
	if recorder.Code != http.StatusForbidden {
		t.Errorf("it answers %d", recorder.Code)
	}
}
