package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"magpie.build/apps/docs/internal/export"
)

// maxProblems bounds how many dead links an error lists: more are not read.
const maxProblems = 50

// build writes the site as static files and says in one line what it made.
func build(ctx context.Context, c Config, stderr io.Writer) error {
	began := time.Now()
	say := newProgress(stderr)
	say.step("reading the workspace")
	w, err := readWorkspace(ctx, c)
	if err != nil {
		return err
	}
	loaded := time.Now()
	say.step("rendering pages")
	site, err := w.plan(c)
	if err != nil {
		return err
	}
	made, err := export.Make(ctx, site)
	if err != nil {
		return err
	}
	if err := deadLinks(made); err != nil {
		return err
	}
	rendered := time.Now()
	say.step("writing files")
	if err := made.Write(c.Out); err != nil {
		return err
	}
	written := time.Now()
	say.done("%d pages and %d files in %s: %s read, %s rendered, %s written to %s",
		made.Pages, len(made.Files)-made.Pages, short(written.Sub(began)), short(loaded.Sub(began)),
		short(rendered.Sub(loaded)), short(written.Sub(rendered)), c.Out)
	return nil
}

func short(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

func deadLinks(made *export.Site) error {
	if len(made.Problems) == 0 {
		return nil
	}
	var all []error
	for i, p := range made.Problems {
		if i == maxProblems {
			all = append(all, fmt.Errorf("and %d more", len(made.Problems)-i))
			break
		}
		all = append(all, p)
	}
	return fmt.Errorf("%d links lead nowhere; nothing was written:\n%w", len(made.Problems), errors.Join(all...))
}
