// Package assets holds the site's own styles and scripts, beside those of packages/ui.
package assets

import (
	"embed"
	"fmt"
	"io/fs"

	"magpie.build/packages/ui"
	"magpie.build/packages/ui/assets"
)

//go:generate go run magpie.build/packages/ui/cmd/bundle -out=dist client/search.ts client/reload.ts styles/docs.css

//go:embed dist icons
var files embed.FS

// New returns everything that pages link: ui.css, ui.js and theme.js of packages/ui, and
// docs.css, search.js and favicon.svg. reload.js is for docs serve alone, and no page links it.
func New() (*assets.Assets, error) {
	all := []fs.FS{ui.Dist()}
	for _, dir := range []string{"dist", "icons"} {
		sub, err := fs.Sub(files, dir)
		if err != nil {
			return nil, fmt.Errorf("read the embedded files: %w", err)
		}
		all = append(all, sub)
	}
	return assets.New(all...)
}
