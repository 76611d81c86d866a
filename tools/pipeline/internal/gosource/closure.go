package gosource

import (
	"maps"
	"slices"
)

// closure gathers what packages and all that they import consist of.
type closure struct {
	reader   *Reader
	named    []location
	files    []string
	seen     map[string]bool
	modules  map[string]bool
	external map[string]bool
	torn     []string
}

func (r *Reader) closure() *closure {
	return &closure{reader: r, seen: map[string]bool{}, modules: map[string]bool{}, external: map[string]bool{}}
}

// add takes in a package, once, and what it imports.
func (c *closure) add(at location) error {
	if c.seen[at.dir] {
		return nil
	}
	c.seen[at.dir] = true
	p, err := c.reader.load(at)
	if err != nil {
		return err
	}
	if len(p.clauses) > 0 {
		c.torn = append(c.torn, at.dir)
	}
	return c.addPart(p, &p.build)
}

// addTests takes in what a package's tests read beside the package.
func (c *closure) addTests(at location) error {
	p, err := c.reader.load(at)
	if err != nil {
		return err
	}
	return c.addPart(p, &p.test)
}

func (c *closure) addPart(p *pkg, part *part) error {
	if p.module != nil {
		c.modules[p.module.Name] = true
	}
	c.files = append(c.files, part.files()...)
	for _, path := range part.external {
		c.external[path] = true
	}
	for _, imported := range part.imports {
		if err := c.add(imported); err != nil {
			return err
		}
	}
	return nil
}

func (c *closure) inputs() Inputs {
	slices.Sort(c.files)
	slices.Sort(c.torn)
	return Inputs{
		Files:    slices.Compact(c.files),
		Modules:  slices.Sorted(maps.Keys(c.modules)),
		External: slices.Sorted(maps.Keys(c.external)),
		Torn:     c.torn,
	}
}
