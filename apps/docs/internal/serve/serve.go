// Package serve shows a documentation site over HTTP: one that was built as files by [Dir], or
// one that follows its workspace by [Live].
package serve

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"magpie.build/apps/docs/internal/render"
	"magpie.build/apps/docs/internal/search"
)

// A Source holds a site's files by their addresses. Read returns [fs.ErrNotExist] for what is
// not there. It must be safe for concurrent use.
type Source interface {
	Read(ctx context.Context, address string) ([]byte, error)
}

// policy lets a page load from its own site alone, and lets nothing inside it run.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Handler serves a source, answers searches of browsers without scripts, and says at /healthz
// that it is ready.
func Handler(source Source) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.Handle("GET /", site{source})
	return mux
}

type site struct{ source Source }

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := r.URL.Path
	content, err := s.source.Read(r.Context(), address)
	status := http.StatusOK
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := s.source.Read(r.Context(), address+"/"); err == nil {
			http.Redirect(w, r, path.Base(address)+"/", http.StatusMovedPermanently) //nolint:gosec // a page of this site, relative to its folder
			return
		}
		address, status = "/404.html", http.StatusNotFound
		content, err = s.source.Read(r.Context(), address)
	case err == nil && address == "/search/" && r.FormValue("q") != "":
		content, err = s.results(r.Context(), content, r.FormValue("q"))
	}
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	respond(w, r, address, status, content)
}

func respond(w http.ResponseWriter, r *http.Request, address string, status int, content []byte) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", contentType(address))
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(address, "/assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable") // named by its content
	}
	sum := sha256.Sum256(content)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	if status != http.StatusOK {
		w.WriteHeader(status)
		_, _ = w.Write(content) //nolint:gosec // a page of the site; if the write fails, whoever asked has gone
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func contentType(address string) string {
	switch ext := path.Ext(address); ext {
	case "", ".html":
		return "text/html; charset=utf-8"
	case ".md":
		return "text/markdown; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	default:
		if strings.HasSuffix(address, "/") {
			return "text/html; charset=utf-8"
		}
		return mime.TypeByExtension(ext)
	}
}

const maxResults = 30

// results puts what a query finds into the search page.
func (s site) results(ctx context.Context, page []byte, query string) ([]byte, error) {
	index, err := search.Open(indexFiles{ctx, s.source})
	if err != nil {
		return nil, err
	}
	hits, err := index.Search(query, maxResults)
	if err != nil {
		return nil, err
	}
	var list bytes.Buffer
	if err := render.Results(hits).Render(ctx, &list); err != nil {
		return nil, err
	}
	page = bytes.Replace(page, []byte(render.EmptyResults), list.Bytes(), 1)
	return bytes.Replace(page, []byte(render.QueryBox), []byte(render.QueryBox+` value="`+html.EscapeString(query)+`"`), 1), nil
}

// indexFiles are the files of a source's search index. They live as long as one request.
type indexFiles struct {
	ctx    context.Context
	source Source
}

var _ fs.ReadFileFS = indexFiles{}

// ReadFile implements [fs.ReadFileFS].
func (f indexFiles) ReadFile(name string) ([]byte, error) {
	return f.source.Read(f.ctx, render.SearchIndexDir+name)
}

// Open implements [fs.FS]. Nothing calls it: the index is read by whole files.
func (f indexFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}
