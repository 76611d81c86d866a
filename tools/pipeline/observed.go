package pipeline

import (
	"path"
	"slices"

	"magpie.build/tools/pipeline/internal/cache"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/packed"
)

// lastReads is where the cache keeps what the tests of a package were seen to read when they last ran, whatever they were made of then:
// a change to any of it affects the task, although no declaration names it.
func lastReads(id, dir string) (name string, key hash.Key) {
	name = id + " last reads " + dir
	h := hash.New("last reads")
	h.Add("tests", id, dir)
	return name, h.Key()
}

// observed returns which of the files that differ the tests of a task were seen to read, or are new or gone in a folder that
// they listed.
func (d *difference) observed(n *node) ([]string, error) {
	if !n.tests || d.cache == nil {
		return nil, nil
	}
	reader, err := d.views[1].readerOf(n)
	if err != nil {
		return nil, err
	}
	dirs, err := reader.Packages(n.packages(n.GoTest)...)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, dir := range dirs {
		name, key := lastReads(n.id, dir)
		known, err := d.cache.Look(name, key)
		if err != nil {
			continue // they have not been seen yet, or nobody can tell any more
		}
		r := packed.Reader{Data: string(known.Log)}
		for read := range slices.Chunk(r.Strings(), 2) {
			if len(read) == 2 && read[0] != "getenv" {
				files = append(files, d.at(read[1])...)
			}
		}
	}
	return sorted(files), nil
}

// at returns the file of that name, if it differs, and those of a folder of that name.
func (d *difference) at(name string) []string {
	if d.files[name] {
		return []string{name}
	}
	return slices.DeleteFunc(slices.Clone(d.below(name)), func(below string) bool { return path.Dir(below) != name })
}

// openCache opens the cache for looking, if there is one.
func (p *Pipeline) openCache() *cache.Cache {
	c, err := p.openCaches()
	if err != nil {
		return nil
	}
	return c
}
