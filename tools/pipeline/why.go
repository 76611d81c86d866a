package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"magpie.build/tools/pipeline/internal/gokey"
	"magpie.build/tools/pipeline/internal/gosource"
	"magpie.build/tools/pipeline/internal/hash"
	"magpie.build/tools/pipeline/internal/record"
)

// An Explanation says why a task would run now, or why it last did.
type Explanation struct {
	// ID is "module#task".
	ID string `json:"taskId"`
	// Runs says that the task would run now: Causes are how things differ from when it last ended well here. Otherwise
	// it is cached, and Causes are how that time differed from the time before.
	Runs bool `json:"runs"`
	// Last is when it last ended well here, zero where nothing is known of that.
	Last time.Time `json:"last,omitzero"`
	// Causes are the differences, the smallest and nearest first.
	Causes []Cause `json:"causes"`
}

// A Cause is one difference in what a task's key is made of.
type Cause struct {
	// Kind is "command", "argument", "outputs", "variable", "file", "package", "dependency", "go.mod", "go.work", "setting", "C compiler",
	// "toolchain", "magefile" or "rules", which are those of keys.
	Kind string `json:"kind"`
	// Name tells it from others of its kind.
	Name string `json:"name,omitempty"`
	// Change is "changed", "new" or "gone".
	Change string `json:"change"`
}

// String says the cause in a few words: "file a/a.go changed".
func (c Cause) String() string {
	return strings.Join(strings.Fields(c.Kind+" "+c.Name+" "+c.Change), " ")
}

// Why explains the tasks that the options ask for, in the order of the graph.
func (p *Pipeline) Why(ctx context.Context, o Options) ([]Explanation, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	if !o.Fresh {
		p.forget()
	}
	asked, err := p.asked(ctx, o)
	if err != nil {
		return nil, err
	}
	s := newSession(ctx, p, o, p.around(asked, o.Only), newPrinter(o, nil))
	if s.passed, err = p.pass(o.Args, asked); err != nil {
		return nil, err
	}
	s.openCache()
	isAsked := make(map[string]bool)
	for _, id := range asked {
		isAsked[id] = true
	}
	forecasts, err := s.foresee(ctx)
	if err != nil {
		return nil, err
	}
	explanations := []Explanation{}
	for _, id := range s.graph.Nodes() {
		n := s.node(id)
		if !isAsked[id] || n.isGroup() {
			continue
		}
		e, err := s.explain(n, s.keys[id], forecasts[id].status != cached)
		if err != nil {
			return nil, err
		}
		explanations = append(explanations, e)
	}
	return explanations, nil
}

func (s *session) explain(n *node, key hash.Key, runs bool) (Explanation, error) {
	e := Explanation{ID: n.id, Runs: runs, Causes: []Cause{}}
	book := s.records.open()
	last, ok := book.Task(n.id)
	if !ok {
		return e, nil
	}
	e.Last = last.Time
	causes := last.Causes
	if runs || last.Key != key {
		now, err := s.entry(n, key, book)
		if err != nil {
			return e, fmt.Errorf("find out why %s runs: %w", n.id, err)
		}
		causes = book.Compare(last, now)
	}
	for _, c := range causes {
		e.Causes = append(e.Causes, Cause(c))
	}
	return e, nil
}

// records are the record of this run's keys. Safe for concurrent use.
type records struct {
	file string

	mu   sync.Mutex
	book *record.Book
	news bool
}

func (p *Pipeline) newRecords() *records { return &records{file: filepath.Join(p.state, "record")} }

func (r *records) open() *record.Book {
	if r.book == nil {
		r.book = record.Open(r.file)
	}
	return r.book
}

// note records what the key of a task is made of, as things are now.
func (s *session) note(n *node, key hash.Key) {
	r := s.records
	r.mu.Lock()
	defer r.mu.Unlock()
	book := r.open()
	if last, ok := book.Task(n.id); !ok || last.Key != key {
		if e, err := s.entry(n, key, book); err == nil { // the record is no reason to fail
			book.Put(n.id, e)
			r.news = true
		}
	}
}

// cause says what made a task run that was recorded since: the first difference, and how many more there are. It is empty where there is
// nothing to compare with.
func (r *records) cause(id string, since time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.book == nil {
		return ""
	}
	e, _ := r.book.Task(id)
	if e.Time.Before(since) || len(e.Causes) == 0 {
		return ""
	}
	first := Cause(e.Causes[0]).String()
	if more := len(e.Causes) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", first, more)
	}
	return first
}

// save keeps what was recorded.
func (r *records) save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.news {
		return nil
	}
	r.news = false
	return r.book.Save(r.file)
}

// entry returns what the key of a task is made of. The files of packages that the book does not have are added to it.
func (s *session) entry(n *node, key hash.Key, book *record.Book) (record.Entry, error) {
	e := record.Entry{Key: key, Time: time.Now(), Packages: make(map[string]record.Sum)}
	t := &tracing{}
	t.add("rules", []string{keyRules})
	if _, err := s.beginTraced(n, t.add); err != nil {
		return e, err
	}
	files, err := s.globbed(n)
	if err != nil {
		return e, err
	}
	h := hash.New("record")
	h.Trace = t.add
	if n.isGo() {
		if err := s.entryOfPackages(n, &e, book); err != nil {
			return e, err
		}
	}
	if err := (sums{pipeline: s.pipeline}).Add(h, files); err != nil {
		return e, err
	}
	e.Parts = t.parts
	return e, nil
}

func (s *session) entryOfPackages(n *node, e *record.Entry, book *record.Book) error {
	p := s.pipeline
	env := s.environment(n)
	settings, err := p.read().goSettings(env)
	if err != nil {
		return err
	}
	err = s.inCommon(e, book, "the go command", settings.key, func(h *hash.Hasher) error { return settings.Add(h, p.index) })
	if err != nil {
		return err
	}
	versions, err := p.read().versions()
	if err != nil {
		return err
	}
	err = s.inCommon(e, book, "versions", versions, func(h *hash.Hasher) error { return gokey.AddVersions(h, p.workspace, p.index) })
	if err != nil {
		return err
	}
	source, err := s.source(hash.New("unused"), n, env)
	if err != nil {
		return err
	}
	built, err := source.Closure(source.sums, false, source.build...)
	if err != nil {
		return err
	}
	tested, err := source.Closure(source.sums, true, source.test...)
	if err != nil {
		return err
	}
	for _, one := range append(built, tested...) {
		if err := s.entryOfPackage(n, source.sums, one, e, book); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) entryOfPackage(n *node, sums sums, one gosource.Package, e *record.Entry, book *record.Book) error {
	add, key := sums.AddCompiled, one.Sum
	files := slices.DeleteFunc(slices.Clone(one.Files), n.leavesOut)
	if one.Named || len(files) < len(one.Files) {
		h := hash.New("record")
		if err := sums.Add(h, files); err != nil {
			return err
		}
		if err := sums.AddExternal(h, one.Module, one.External); err != nil {
			return err
		}
		add, key = sums.Add, h.Key()
	}
	return s.inCommon(e, book, one.Dir, key, func(h *hash.Hasher) error {
		if err := add(h, files); err != nil || len(one.External) == 0 {
			return err
		}
		return sums.AddExternal(h, one.Module, one.External)
	})
}

// inCommon adds to an entry what other entries have too, by its key. Only where the book does not have it yet it is taken to pieces.
func (s *session) inCommon(e *record.Entry, book *record.Book, name string, key hash.Key, add func(*hash.Hasher) error) error {
	sum := record.SumOf(name + string(key[:]))
	e.Packages[name] = sum
	if book.Has(sum) {
		return nil
	}
	t := &tracing{}
	h := hash.New("record")
	h.Trace = t.add
	if err := add(h); err != nil {
		return err
	}
	book.PutFiles(sum, t.parts)
	return nil
}

// A tracing makes parts of a record out of what is added to a key.
type tracing struct{ parts []record.Part }

// kinds are what people call the labels of keys whose first value is a name.
var kinds = map[string]string{
	"environment": "variable", "file": "file", "compiled": "file", "dependency": "dependency", "member": "go.mod", "setting": "setting", "checksum": "go.sum",
}

// wholes are what they call those that stand for one thing.
var wholes = map[string]string{
	"command": "command", "arguments": "argument", "outputs": "outputs", "executable": "magefile", "go.work": "go.work",
	"toolchain": "toolchain", "compiler": "C compiler", "rules": "rules", "platform": "setting",
}

func (t *tracing) add(label string, values []string) {
	text := strings.Join(values, "\x00")
	switch kind, isWhole := wholes[label]; {
	case label == "set":
		for _, v := range values {
			name, value, _ := strings.Cut(v, "=")
			t.put("variable", name, value)
		}
	case label == "behind" && len(t.parts) > 0:
		last := &t.parts[len(t.parts)-1]
		last.Sum = record.SumOf(fmt.Sprint(last.Sum, text))
	case isWhole:
		t.put(kind, "", text)
	case kinds[label] != "" && len(values) > 0:
		t.put(kinds[label], values[0], strings.Join(values[1:], "\x00"))
	}
}

// put adds a part, to the sum of the one before where that has the same name: several commands are one.
func (t *tracing) put(kind, name, text string) {
	sum := record.SumOf(text)
	if last := len(t.parts) - 1; last >= 0 && t.parts[last].Kind == kind && t.parts[last].Name == name {
		t.parts[last].Sum = record.SumOf(fmt.Sprint(t.parts[last].Sum, sum))
		return
	}
	t.parts = append(t.parts, record.Part{Kind: kind, Name: name, Sum: sum})
}
