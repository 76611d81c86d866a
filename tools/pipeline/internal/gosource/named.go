package gosource

import "path"

// BuildFiles returns what `go build` of files of one folder reads. Like the go command it takes named files whatever their
// constraints say, and they need not belong to a module.
func (r *Reader) BuildFiles(names ...string) (Inputs, error) {
	c := r.closure()
	named := &contents{}
	for _, name := range names {
		header, err := r.header(name)
		if err != nil {
			return Inputs{}, err
		}
		named.files = append(named.files, path.Base(name))
		named.imports = append(named.imports, header.Imports...)
		named.embeds = append(named.embeds, header.Embeds...)
	}
	if len(names) == 0 {
		return c.inputs(), nil
	}
	dir := path.Dir(names[0])
	p := &pkg{dir: dir, module: r.workspace.Containing(dir)}
	var err error
	if p.build, err = r.part(location{dir: dir, module: p.module}, named); err != nil {
		return Inputs{}, err
	}
	if err := c.addPart(p, &p.build); err != nil {
		return Inputs{}, err
	}
	return c.inputs(), nil
}
