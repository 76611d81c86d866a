package serve

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"magpie.build/apps/docs/internal/render"
)

// Live is a site that is rendered as it is asked for, and replaced when its workspace changes.
// It is safe for concurrent use.
type Live struct {
	mu      sync.Mutex
	site    *render.Site
	version int
	problem string
	changed chan struct{} // closed and replaced by each change
}

var _ Source = (*Live)(nil)

// NewLive serves a site until [Live.Show] replaces it.
func NewLive(site *render.Site) *Live {
	return &Live{site: site, version: 1, changed: make(chan struct{})}
}

// Show replaces the site. Pages that are open load themselves again.
func (l *Live) Show(site *render.Site) {
	l.update(func() { l.site, l.version, l.problem = site, l.version+1, "" })
}

// Complain keeps the site as it is and shows on open pages why it could not be renewed.
func (l *Live) Complain(problem error) {
	l.update(func() { l.problem = problem.Error() })
}

func (l *Live) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Live) current() (site *render.Site, version int, problem string, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.site, l.version, l.problem, l.changed
}

// Read implements [Source].
func (l *Live) Read(ctx context.Context, address string) ([]byte, error) {
	site, _, _, _ := l.current()
	if page := site.Page(address); page != nil {
		html, err := site.Render(ctx, page)
		if err != nil {
			return nil, err
		}
		return site.Based(withReload(site, html)), nil
	}
	files := site.Files
	if strings.HasPrefix(address, render.SearchIndexDir) {
		files = site.SearchIndex
	}
	known, err := files()
	if err != nil {
		return nil, err
	}
	content, ok := known[address]
	if !ok {
		return nil, fmt.Errorf("read %s: %w", address, fs.ErrNotExist)
	}
	return content, nil
}

// withReload adds the script that listens for changes.
func withReload(site *render.Site, html []byte) []byte {
	address, err := site.Assets().URL("reload.js")
	if err != nil {
		return html
	}
	return bytes.Replace(html, []byte("</body>"), []byte(`<script type="module" src="`+address+`"></script></body>`), 1)
}

// Handler serves the site with its assets, and tells open pages of changes.
func (l *Live) Handler() http.Handler {
	mux := http.NewServeMux()
	site, _, _, _ := l.current()
	mux.Handle("GET /assets/", site.Assets())
	mux.HandleFunc("GET /_events", l.events)
	mux.Handle("/", Handler(l))
	return mux
}

// events tells a page which version of the site is the current one, and what is wrong with the
// next, until the page goes.
func (l *Live) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	for {
		_, version, problem, changed := l.current()
		message := fmt.Sprintf("event: version\ndata: %d\n\n", version)
		if problem != "" {
			message = "event: problem\ndata: " + strings.ReplaceAll(problem, "\n", "\ndata: ") + "\n\n"
		}
		if _, err := w.Write([]byte(message)); err != nil {
			return
		}
		if err := stream.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}
