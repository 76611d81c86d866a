package ui

import (
	"embed"
	"io/fs"
)

//go:generate go tool templ generate
//go:generate go run ./cmd/bundle -out=dist styles/ui.css client/ui.ts client/theme.ts

//go:embed dist
var dist embed.FS

// Dist returns the bundled files: ui.css with the styles of all components, ui.js with what copy buttons and the theme switch do,
// and theme.js, which static pages load early to show the reader's theme at once.
func Dist() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path, which is all that Sub asks
	}
	return files
}

//go:embed */*.templ */examples/*.templ
var sources embed.FS

// Sources returns the components and their examples as they are written, for the gallery to show.
func Sources() fs.FS {
	return sources
}
