// Package bundle turns the TypeScript and CSS of a module into what browsers load, with esbuild as a library: no Node, no downloads.
//
// The result is meant to be committed and embedded, so that a program builds with the go command alone: the same sources give the same
// bytes on every system, and [Check] says what is out of date.
package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Options say what to bundle. Both fields are required.
type Options struct {
	// Entries are the files to start from, each of which becomes a file of its own: client/app.ts becomes app.js, styles/app.css becomes
	// app.css. What they import is put into them.
	Entries []string
	// Out is the folder for the results. Nothing else may be in it.
	Out string
}

// ErrStale is in the error of [Check] when the files are not what [Write] would write.
var ErrStale = errors.New("out of date")

// Write bundles the entries into the folder and removes from it what no entry makes. Nothing is written if an entry has an error.
func Write(o Options) error {
	files, err := build(o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil { // as readable as the files in it, which are public
		return fmt.Errorf("make the folder for bundles: %w", err)
	}
	existing, err := list(o.Out)
	if err != nil {
		return err
	}
	for _, name := range existing {
		if _, made := files[name]; !made {
			if err := os.Remove(filepath.Join(o.Out, name)); err != nil {
				return fmt.Errorf("remove a bundle that no entry makes: %w", err)
			}
		}
	}
	for name, content := range files {
		if err := writeChanged(filepath.Join(o.Out, name), content); err != nil {
			return err
		}
	}
	return nil
}

// Check compares the folder with what [Write] would make of it, and writes nothing. Its error wraps [ErrStale] and names every file that differs.
func Check(o Options) error {
	files, err := build(o)
	if err != nil {
		return err
	}
	stale, err := list(o.Out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	stale = slices.DeleteFunc(stale, func(name string) bool { _, made := files[name]; return made })
	for name, content := range files {
		if old, err := os.ReadFile(filepath.Join(o.Out, name)); err != nil || !bytes.Equal(old, content) {
			stale = append(stale, name)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	slices.Sort(stale)
	return fmt.Errorf("bundles in %s: %w: %s", o.Out, ErrStale, strings.Join(stale, ", "))
}

// build returns the bundles by file name.
func build(o Options) (map[string][]byte, error) {
	out, err := filepath.Abs(o.Out)
	if err != nil {
		return nil, fmt.Errorf("find the folder for bundles: %w", err)
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       o.Entries,
		Bundle:            true,
		Outdir:            out,
		EntryNames:        "[name]",
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Format:            api.FormatESModule,
		Platform:          api.PlatformBrowser,
		Target:            api.ES2022,
		Engines:           browsers,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
		External:          []string{"/assets/*"},
	})
	if len(result.Errors) > 0 {
		return nil, problems(result.Errors)
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	return files, nil
}

// browsers are the first that know light-dark(), which the tokens are made of and nobody can translate.
var browsers = []api.Engine{
	{Name: api.EngineChrome, Version: "123"},
	{Name: api.EngineFirefox, Version: "120"},
	{Name: api.EngineSafari, Version: "17.5"},
}

// problems puts all of esbuild's messages into one error, each with its place.
func problems(messages []api.Message) error {
	formatted := api.FormatMessages(messages, api.FormatMessagesOptions{Kind: api.ErrorMessage})
	return fmt.Errorf("bundle: %s", strings.TrimSpace(strings.Join(formatted, "")))
}

// list returns the names of the files in a folder.
func list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list bundles: %w", err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// writeChanged leaves a file alone that already has the content, so that nothing that watches it wakes up.
func writeChanged(path string, content []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}
