// Command docs makes the documentation site from the workspace that it stands in.
//
//	docs build [-out=dist/site]
//	docs serve [-dir=dist/site]
//
// Build writes the site as static files, which any file server can serve. It fails, naming page
// and target, when a link leads nowhere.
//
// Serve serves such a folder. Without one it makes the site in memory and follows the changes of
// the workspace: pages that are open in a browser load themselves again.
//
// The workspace is the go.work in the working folder or the nearest one above it. It is read as
// data: the go command must be able to list its packages, and the program itself holds no page.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}
