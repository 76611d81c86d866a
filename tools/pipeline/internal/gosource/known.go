package gosource

import (
	"path"
	"sync"

	"magpie.build/tools/pipeline/internal/glob"
)

// known is what a reader has read of one module, or of what belongs to none: each folder once. It is kept by module so that little has to
// be gone through when one of them changes.
type known struct {
	packages sync.Map // folder → func() (*pkg, error)
	listings sync.Map // folder → func() ([]fs.DirEntry, error)
	matches  sync.Map // folder → []location
}

// known returns what has been read of the module that a folder lies in.
func (r *Reader) known(dir string) *known {
	name := ""
	if module := r.workspace.Containing(dir); module != nil {
		name = module.Name
	}
	found, ok := r.modules.Load(name)
	if !ok {
		found, _ = r.modules.LoadOrStore(name, &known{})
	}
	k, _ := found.(*known)
	return k
}

// Forget makes the reader read the packages in and below a folder again: something may have changed them.
func (r *Reader) Forget(dir string) {
	r.modules.Range(func(key, value any) bool {
		if name, _ := key.(string); name == "" || glob.Within(dir, name) || glob.Within(name, dir) {
			k, _ := value.(*known)
			k.forget(dir)
		}
		return true
	})
	r.digests.mu.Lock()
	defer r.digests.mu.Unlock()
	clear(r.digests.closures)
}

func (k *known) forget(dir string) {
	above := path.Dir(dir)
	k.matches.Range(func(key, _ any) bool {
		if name, _ := key.(string); glob.Within(name, dir) || glob.Within(dir, name) {
			k.matches.Delete(key)
		}
		return true
	})
	for _, read := range []*sync.Map{&k.packages, &k.listings} {
		read.Range(func(key, _ any) bool {
			if name, _ := key.(string); name == above || glob.Within(dir, name) {
				read.Delete(key)
			}
			return true
		})
	}
}
