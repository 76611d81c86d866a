// Package gotest runs `go test` so that each package's result can be kept by itself: it turns the events of one go
// command into a result a package, and finds out what each test read and covered.
package gotest

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// A Result is how the tests of one package ended.
type Result struct {
	// Package is the import path.
	Package string
	// Passed is also true where there are no tests.
	Passed bool
	// Log is what `go test` without -json says of it.
	Log []byte
}

// A Splitter takes the output of `go test -json`, writes what `go test` would have said without it, package by package,
// and keeps the results. It is not safe for concurrent use.
type Splitter struct {
	out      io.Writer
	verbose  bool
	pending  []byte
	packages map[string]*running
	results  []Result
}

// running is what a package has said so far.
type running struct {
	tests map[string][]byte // of those that have not ended
	log   []byte            // what is said if it fails
	all   []byte
}

// NewSplitter returns a splitter that writes to out. verbose is what -v is.
func NewSplitter(out io.Writer, verbose bool) *Splitter {
	return &Splitter{out: out, verbose: verbose, packages: make(map[string]*running)}
}

// event is one line of `go test -json`, as `go doc test2json` has it.
type event struct {
	Action, Package, Test, Output string
}

// Write takes more output.
func (s *Splitter) Write(data []byte) (int, error) {
	s.pending = append(s.pending, data...)
	for {
		line, rest, whole := bytes.Cut(s.pending, []byte("\n"))
		if !whole {
			return len(data), nil
		}
		s.line(line)
		s.pending = append(s.pending[:0], rest...)
	}
}

// Results returns the packages that have ended, in the order in which they did.
func (s *Splitter) Results() []Result { return s.results }

func (s *Splitter) line(line []byte) {
	var e event
	if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &e) != nil {
		_, _ = s.out.Write(append(line, '\n')) // the go command speaks for itself
		return
	}
	if e.Action == "build-output" {
		_, _ = io.WriteString(s.out, e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := s.packages[e.Package]
	if p == nil {
		p = &running{tests: make(map[string][]byte)}
		s.packages[e.Package] = p
	}
	switch {
	case e.Action == "output":
		p.say(e)
	case e.Test == "" && slices.Contains([]string{"pass", "fail", "skip"}, e.Action):
		s.end(e, p)
	case e.Action == "fail":
		p.log = append(p.log, p.tests[e.Test]...)
		delete(p.tests, e.Test)
	case e.Action == "pass" || e.Action == "skip":
		delete(p.tests, e.Test)
	}
}

func (p *running) say(e event) {
	p.all = append(p.all, e.Output...)
	for _, mark := range []string{"=== RUN", "=== PAUSE", "=== CONT", "=== NAME"} {
		if strings.HasPrefix(e.Output, mark) {
			return
		}
	}
	if e.Test != "" {
		p.tests[e.Test] = append(p.tests[e.Test], e.Output...)
	} else {
		p.log = append(p.log, e.Output...)
	}
}

func (s *Splitter) end(e event, p *running) {
	r := Result{Package: e.Package, Passed: e.Action != "fail", Log: p.log}
	switch {
	case s.verbose:
		r.Log = p.all
	case r.Passed:
		r.Log = verdict(p.log)
	default: // a test that never ended, for the process did
		for _, left := range p.tests {
			r.Log = append(r.Log, left...)
		}
	}
	delete(s.packages, e.Package)
	s.results = append(s.results, r)
	_, _ = s.out.Write(r.Log)
}

// verdict returns the lines that `go test` of several packages prints for one that passed.
func verdict(log []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(log) {
		if bytes.HasPrefix(line, []byte("ok  \t")) || bytes.HasPrefix(line, []byte("?   \t")) || bytes.HasPrefix(line, []byte("\t")) && bytes.Contains(line, []byte("coverage:")) {
			kept = append(kept, line...)
		}
	}
	return kept
}
