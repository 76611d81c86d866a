package main

import (
	_ "embed"
	"io"
	"net/url"
	"strings"

	"magpie.build/packages/config"
)

// Config is what docs build and docs serve can be told.
type Config struct {
	// Addr is where serve listens.
	Addr string `default:"127.0.0.1:8082" check:"required,hostport"`
	// Dir is the folder of a built site for serve. Without one, serve makes the site in memory and follows changes.
	Dir string
	// Out is the folder that build writes the site to. It is replaced as a whole.
	Out string `default:"dist/site" check:"required"`
	// Root is the workspace's folder. Empty means the nearest one with a go.work, from the working folder upward.
	Root string
	// Content is the folder of the guides, relative to the workspace.
	Content string `default:"apps/docs/content" check:"required"`
	// URL is where the site will live. Its path goes before every link, the whole of it into the sitemap.
	URL *url.URL `default:"http://127.0.0.1:8082/" check:"required,url=http|https"`
}

//go:embed config.go
var configSource string

func configure(args, env []string, stdout io.Writer) (Config, error) {
	c, _, err := config.Load[Config](config.Options{Name: "docs", Args: args, Env: env, Source: configSource, Stdout: stdout})
	if err != nil {
		return Config{}, err
	}
	if !strings.HasSuffix(c.URL.Path, "/") {
		c.URL.Path += "/"
	}
	return c, nil
}
