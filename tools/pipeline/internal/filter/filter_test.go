package filter_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"magpie.build/tools/pipeline/internal/filter"
)

// universe is a workspace with a build and a test task a module. web needs ui and api; api needs ui; cli stands alone;
// site is no Go module and needs web; the root is none either.
//
// A module's build waits for the builds of what it depends on. A test waits for its own module's build. The "slow" label is on
// the tests of api and web, "end user" on the modules web and site. Since "main" the inputs of ui#build changed and those of cli#test; since "old" those
// of web#build; between "main" and "topic" those of api#test.
func universe() filter.Universe {
	u := filter.Universe{
		Modules: []filter.Module{
			{Name: "apps/api", Path: "example.com/apps/api", Deps: []string{"packages/ui"}},
			{Name: "apps/site", Deps: []string{"apps/web"}, Tags: []string{"end user"}},
			{Name: "apps/web", Path: "example.com/apps/web", Deps: []string{"apps/api", "packages/ui"}, Tags: []string{"end user"}},
			{Name: "packages/ui", Path: "example.com/packages/ui", Tags: []string{"library"}},
			{Name: "tools/cli", Path: "example.com/tools/cli"},
			{Name: filter.Root},
		},
		Tree: fstest.MapFS{
			"apps/api/go.mod": {}, "apps/site/index.html": {}, "apps/web/go.mod": {}, "packages/ui/go.mod": {}, "tools/cli/go.mod": {}, "notes/a.txt": {},
		},
		Changed: func(r filter.Range) (map[string]bool, error) {
			switch r {
			case filter.Range{From: "main"}:
				return map[string]bool{"packages/ui#build": true, "tools/cli#test": true}, nil
			case filter.Range{From: "old"}:
				return map[string]bool{"apps/web#build": true}, nil
			case filter.Range{From: "main", To: "topic", Fork: true}:
				return map[string]bool{"apps/api#test": true}, nil
			}
			return nil, errors.New("git knows no such revision")
		},
	}
	for _, m := range u.Modules {
		build := filter.Task{ID: m.Name + "#build", Module: m.Name}
		for _, dep := range m.Deps {
			build.Deps = append(build.Deps, dep+"#build")
		}
		test := filter.Task{ID: m.Name + "#test", Module: m.Name, Deps: []string{build.ID}}
		if m.Name == "apps/api" || m.Name == "apps/web" {
			test.Tags = []string{"slow"}
		}
		u.Tasks = append(u.Tasks, build, test)
	}
	return u
}

// short returns ids as one line: "api.b" is the build of apps/api, "api" both of its tasks.
func short(ids []string) string {
	tasks := make(map[string]string)
	var order []string
	for _, id := range ids {
		module, task, _ := strings.Cut(id, "#")
		name := module[strings.LastIndexByte(module, '/')+1:]
		if module == filter.Root {
			name = "root"
		}
		if tasks[name] == "" {
			order = append(order, name)
		}
		tasks[name] += task[:1]
	}
	for i, name := range order {
		if tasks[name] != "bt" {
			order[i] += "." + tasks[name]
		}
	}
	slices.Sort(order)
	return strings.Join(order, " ")
}

func selected(expressions []string, at filter.Place) ([]string, error) {
	selectors, err := filter.Parse(expressions, at)
	if err != nil {
		return nil, err
	}
	return universe().SelectTasks(selectors)
}

// Every row of the grammar, and what its parts give together.
func TestSelectTasks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expression, want string }{
		{"", "api cli root site ui web"},

		// Names and globs.
		{"apps/api", "api"},
		{"apps/api/", "api"},
		{"example.com/apps/api", "api"},
		{"api", "api"},
		{"apps/*", "api site web"},
		{"example.com/*/ui", "ui"},
		{"*", "api cli root site ui web"},
		{"**", "api cli site ui web"},
		{"nothing/*", ""},

		// Folders.
		{"./apps/api", "api"},
		{"./apps", "api site web"},
		{"./apps/", "api site web"},
		{"./apps/*", "api site web"},
		{"{./{apps,tools}/**}", "api cli site web"},
		{"{./apps/s*}", "site"},
		{"{packages/*}", "ui"},
		{".", "root"},
		{"{.}", "root"},
		{"//", "root"},

		// What they depend on, and what depends on them.
		{"apps/api...", "api ui"},
		{"...apps/api", "api site web"},
		{"apps/web^...", "api ui"},
		{"...^packages/ui", "api site web"},
		{"...apps/api...", "api site ui web"},
		{"...^apps/api^...", "site ui web"},
		{"{./apps/api}...", "api ui"},
		{"./apps/api...", "api ui"},

		// Ranges stand for tasks and follow tasks.
		{"[main]", "cli.t ui.b"},
		{"[main...topic]", "api.t"},
		{"...[main]", "api cli.t site ui web"},
		{"...^[main]", "api site ui.t web"},
		{"[old]...", "api.b ui.b web.b"},
		{"[old]^...", "api.b ui.b"},
		{"...[old]...", "api.b site ui.b web"},

		// Intersections.
		{"packages/*[main]", "ui.b"},
		{"{./tools}[main]", "cli.t"},
		{"apps/*{./apps/s*}", "site"},
		{"*{./packages}[main]", "ui.b"},
		{"apps/*[main]", ""},
		{"...packages/ui[main]", "api site ui web"},
		{"apps/api[main...topic]", "api.t"},

		// A name, where it or something it depends on changed.
		{"apps/api...[main]", "api"},
		{"tools/cli...[main]", "cli.t"},
		{"apps/api...[old]", ""},
		{"{./apps/api}...[main]", "api"},
		{"apps/api...[main]...", "api ui.b"},

		// Labels.
		{"tag:slow", "api.t web.t"},
		{`tag:"slow"`, "api.t web.t"},
		{`tag:"end user"`, "site web"},
		{`tag:"end user"{./apps/w*}`, "web"},
		{"tag:library[main]", "ui.b"},
		{"tag:slow...", "api ui.b web"},
		{"tag:slow^...", "api.b ui.b web.b"},
		{"...tag:library", "api site ui web"},
		{"...^tag:library", "api site web"},
		{"tag:slow...[main]", "api.t web.t"},

		// Taking away; several at once.
		{"!apps/web", "api cli site ui"},
		{"!*", ""},
		{"!apps/web,apps/*", "api site"},
		{"apps/*,!apps/web,tools/cli", "api cli site"},
		{" tools/cli , packages/ui ", "cli ui"},
		{"!...packages/ui", "cli"},
		{"!tag:slow", "api.b cli site ui web.b"},
		{"!./apps,!tools/cli", "ui"},
		{"apps/web...,!packages/ui", "api web"},
		{"[main],apps/site", "cli.t site ui.b"},
		{"!nothing/*", "api cli site ui web"},
		{"//,!apps/api", "root"},
	} {
		got, err := selected([]string{c.expression}, filter.Place{})
		if err != nil || short(got) != c.want {
			t.Errorf("%q chooses %q, %v; want %q", c.expression, short(got), err, c.want)
		}
	}
}

func TestSelectorsMayComeOneByOne(t *testing.T) {
	t.Parallel()
	got, err := selected([]string{"!apps/web", "", "apps/*", "tools/cli,packages/ui"}, filter.Place{})
	if want := "api cli site ui"; err != nil || short(got) != want {
		t.Errorf("chosen: %q, %v; want %q", short(got), err, want)
	}
}

// Inside a folder relative paths start there, and a range alone looks at no more than that.
func TestSelectFromInside(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at               filter.Place
		expression, want string
	}{
		{filter.Place{Dir: "apps/web", Module: "apps/web"}, ".", "web"},
		{filter.Place{Dir: "apps/web", Module: "apps/web"}, "../api", "api"},
		{filter.Place{Dir: "apps/web", Module: "apps/web"}, "{../s*}", "site"},
		{filter.Place{Dir: "apps/web", Module: "apps/web"}, "packages/ui", "ui"},
		{filter.Place{Dir: "apps/web", Module: "apps/web"}, "[old]", "web.b"},
		{filter.Place{Dir: "apps/web", Module: "apps/web"}, "[main]", ""},
		{filter.Place{Dir: "packages/ui", Module: "packages/ui"}, "...[main]", "api site ui web"},
		{filter.Place{Dir: "tools"}, "[main]", "cli.t"},
		{filter.Place{Dir: "tools"}, "./cli", "cli"},
		{filter.Place{Dir: "tools"}, "..", "root"},
	} {
		got, err := selected([]string{c.expression}, c.at)
		if err != nil || short(got) != c.want {
			t.Errorf("%q in %s chooses %q, %v; want %q", c.expression, c.at.Dir, short(got), err, c.want)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"apps/wbe":       `filter "apps/wbe": no such module` + "\n" + `hint: did you mean "apps/web"?`,
		"!apps/wbe":      `no such module`,
		"./app":          "there is no folder app\n" + `hint: did you mean "apps"?`,
		"./missing/*":    `there is no folder missing`,
		"{./missing}":    `there is no folder missing`,
		"./notes":        `no module lies in the folder notes`,
		"../elsewhere":   `lies outside the workspace`,
		"{/etc}":         `no folder relative to where you are`,
		"{}":             `no folder relative to where you are`,
		"{./apps":        `a brace is not closed`,
		"./apps[main]":   `goes into braces: "{./apps}"`,
		"./apps{apps}":   `goes into braces`,
		"...":            `want a module, a folder, a tag or a range`,
		"......":         `want a module, a folder, a tag or a range`,
		"!":              `want a module, a folder, a tag or a range`,
		"apps/web,,":     `filter ""`,
		"^apps/web":      `no name of a module`,
		"apps/web^^":     `no name of a module`,
		"apps/web!":      `no name of a module`,
		"!!apps/web":     `no name of a module`,
		"[main]apps/web": `"apps/web" is out of place`,
		"{apps}web":      `"web" is out of place`,
		"web...{./apps}": `out of place`,
		"web^...[main]":  `out of place`,
		"[main":          `a bracket is not closed`,
		"[]":             `[] lacks a revision`,
		"[main...]":      `[main...] lacks a revision`,
		"[...main]":      `[...main] lacks a revision`,
		"[nowhere]":      `filter "[nowhere]": git knows no such revision`,
		"tag:":           `want a label behind tag:`,
		"tag:end user":   `want a label behind tag:`,
		`tag:""`:         `want a label between the quotation marks`,
		`tag:"slow`:      `the label's quotation mark is not closed`,
		"tag:Slow":       "no task and no module has the tag\n" + `hint: did you mean "slow"?`,
	} {
		if got, err := selected([]string{expression}, filter.Place{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q chooses %q, %v; want an error that says %q", expression, short(got), err, want)
		}
	}
}

func TestAnEndingThatTwoModulesShareIsNoName(t *testing.T) {
	t.Parallel()
	u := filter.Universe{Modules: []filter.Module{{Name: "apps/api", Path: "a"}, {Name: "libs/api", Path: "b"}}}
	selectors, err := filter.Parse([]string{"api"}, filter.Place{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.SelectTasks(selectors); err == nil || !strings.Contains(err.Error(), "more than one module ends so: apps/api, libs/api") {
		t.Errorf("got %v", err)
	}
}

func TestSelectModules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expression, all, goModules string }{
		{"", "// apps/api apps/site apps/web packages/ui tools/cli", "apps/api apps/web packages/ui tools/cli"},
		{"!apps/w*", "apps/api apps/site packages/ui tools/cli", "apps/api packages/ui tools/cli"},
		{"apps/*", "apps/api apps/site apps/web", "apps/api apps/site apps/web"},
		{"//", "//", "//"},
		{"tag:library", "packages/ui", "packages/ui"},
		{"...tag:library", "apps/api apps/site apps/web packages/ui", "apps/api apps/site apps/web packages/ui"},
	} {
		selectors, err := filter.Parse([]string{c.expression}, filter.Place{})
		if err != nil {
			t.Fatal(err)
		}
		all, err := universe().SelectModules(selectors)
		if err != nil || strings.Join(all, " ") != c.all {
			t.Errorf("%q chooses %q, %v; want %q", c.expression, all, err, c.all)
		}
		goModules, err := universe().SelectGoModules(selectors)
		if err != nil || strings.Join(goModules, " ") != c.goModules {
			t.Errorf("%q chooses %q of the Go modules, %v; want %q", c.expression, goModules, err, c.goModules)
		}
	}
	selectors, err := filter.Parse([]string{"[main]"}, filter.Place{})
	if err != nil {
		t.Fatal(err)
	}
	u := universe()
	u.Changed = nil
	if _, err := u.SelectModules(selectors); err == nil || !strings.Contains(err.Error(), "a range chooses tasks") {
		t.Errorf("[main] for modules: %v", err)
	}
	u.Changed = func(filter.Range) (map[string]bool, error) { return map[string]bool{"packages/ui": true}, nil }
	if got, err := u.SelectModules(selectors); err != nil || strings.Join(got, " ") != "packages/ui" {
		t.Errorf("[main] chooses %q, %v", got, err)
	}
}

// What an expression chooses is among the tasks and sorted, and taking all of it away leaves nothing of it.
func FuzzSelect(f *testing.F) {
	for _, seed := range []string{
		"apps/*", "...packages/ui", "apps/web^...,!tools/cli", "./apps", "{a,b}", "...^[x", "*{./packages}[main]",
		`tag:"end user"{./apps/w*}[old]...`, "apps/api...[main...topic]", "!...^tag:slow", "//,!.", "{./{apps,tools}/**}",
	} {
		f.Add(seed)
	}
	known, err := selected(nil, filter.Place{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		got, err := selected([]string{expression}, filter.Place{})
		if err != nil {
			return
		}
		if !slices.IsSorted(got) {
			t.Errorf("%q chooses %v, not sorted", expression, got)
		}
		var minus []string
		for _, id := range got {
			if !slices.Contains(known, id) {
				t.Errorf("%q chooses %s, which there is not", expression, id)
			}
			module, _, _ := strings.Cut(id, "#")
			minus = append(minus, "!"+module)
		}
		left, err := selected(append(minus, expression), filter.Place{})
		if err != nil {
			t.Fatalf("%q less %v: %v", expression, minus, err)
		}
		for _, id := range got {
			if slices.Contains(left, id) {
				t.Errorf("%q less %v still holds %s", expression, minus, id)
			}
		}
	})
}
