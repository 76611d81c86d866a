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

//go:embed */examples/examples.templ
//go:embed alert/alert.go avatar/avatar.go badge/badge.go breadcrumb/breadcrumb.go button/button.go
//go:embed card/card.go codeblock/codeblock.go composer/composer.go connection/connection.go emptystate/emptystate.go
//go:embed field/field.go icon/icon.go logo/logo.go message/message.go nav/nav.go
//go:embed page/page.go presence/presence.go prose/prose.go roomlist/roomlist.go table/table.go theme/theme.go
var sources embed.FS

// Sources returns the packages' comments and the examples as they are written, for the gallery to show.
func Sources() fs.FS {
	return sources
}
