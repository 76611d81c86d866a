package pipeline_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"magpie.build/tools/pipeline"
)

// A magefile holds little more than this: its tasks, and a target for each that people call.
func Example() {
	root, err := workspace(map[string]string{
		"go.work":    "go 1.26.0\nuse ./app\nuse ./lib\n",
		"lib/go.mod": "module example.com/lib\ngo 1.26.0\n",
		"app/go.mod": "module example.com/app\ngo 1.26.0\nrequire example.com/lib v0.0.0\nreplace example.com/lib => ../lib\n",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	greet := pipeline.Task{
		Name:      "greet",
		DependsOn: []string{"^greet"},
		Inputs:    []string{"go.mod"},
		Func: func(_ context.Context, c pipeline.Call) error {
			_, err := fmt.Fprintln(c.Output, "hello from", c.Module)
			return err
		},
	}
	p, err := pipeline.New(root, greet)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Nothing runs the second time: what is shown comes from the cache.
	for range 2 {
		err := p.Run(context.Background(), pipeline.Options{Tasks: []string{"greet"}, OutputLogs: pipeline.OutputFull, Stdout: os.Stdout, Stderr: io.Discard})
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// lib#greet: hello from lib
	// app#greet: hello from app
	// lib#greet: hello from lib
	// app#greet: hello from app
}

// workspace makes a folder with these files.
func workspace(files map[string]string) (string, error) {
	root, err := os.MkdirTemp("", "example")
	if err != nil {
		return "", err
	}
	for name, text := range files {
		full := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			return "", err
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return root, nil
}

// Modules get labels, and folders without go.mod get tasks, by declarations beside the tasks.
func ExampleModule() {
	root, err := workspace(map[string]string{
		"go.work":     "go 1.26.0\nuse ./app\nuse ./lib\n",
		"lib/go.mod":  "module example.com/lib\ngo 1.26.0\n",
		"app/go.mod":  "module example.com/app\ngo 1.26.0\n",
		"app/main.go": "package main\n\nimport _ \"example.com/lib\"\n\nfunc main() {}\n",
		"site/page":   "a page",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := pipeline.New(root,
		pipeline.Module{Name: "app", Tags: []string{"program"}},
		pipeline.Module{Name: "site", DependsOn: []string{"app"}},
		pipeline.Task{Name: "build", DependsOn: []string{"^build"}, GoBuild: []string{"./..."}, Commands: [][]string{{"go", "build", "./..."}}},
		pipeline.Task{Name: "build", Modules: []string{"tag:program"}, DependsOn: []string{"^build"}, GoBuild: []string{"."}, Commands: [][]string{{"go", "build", "."}}},
		pipeline.Task{Name: "build", Modules: []string{"site"}, DependsOn: []string{"^build"}, Commands: [][]string{{"cp", "../app/app", "."}}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := p.Graph(context.Background(), pipeline.Options{Tasks: []string{"build"}, Filter: []string{"site"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range g.Tasks {
		fmt.Println(t.ID, t.DependsOn, t.Commands)
	}
	// Output:
	// lib#build [] [[go build ./...]]
	// app#build [lib#build] [[go build .]]
	// site#build [app#build] [[cp ../app/app .]]
}

// A test that needs a server depends on it. The server starts when the test really runs, and is stopped behind it.
func ExampleReadiness() {
	root, err := workspace(map[string]string{"go.work": "go 1.26.0\nuse ./app\n", "app/go.mod": "module example.com/app\ngo 1.26.0\n"})
	if err != nil {
		fmt.Println(err)
		return
	}
	serve := pipeline.Task{
		Name: "serve", Persistent: true,
		Ready: pipeline.Readiness{Line: "^listening"},
		Func: func(ctx context.Context, c pipeline.Call) error {
			_, _ = fmt.Fprintln(c.Output, "listening")
			<-ctx.Done()
			return ctx.Err()
		},
	}
	test := pipeline.Task{
		Name: "e2e", DependsOn: []string{"serve"},
		Func: func(_ context.Context, c pipeline.Call) error {
			_, err := fmt.Fprintln(c.Output, "tested")
			return err
		},
	}
	p, err := pipeline.New(root, serve, test)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 { // the second time the test comes from the cache, and no server starts
		if err := p.Run(context.Background(), pipeline.Options{Tasks: []string{"e2e"}, Stdout: os.Stdout, Stderr: io.Discard}); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// app#serve: listening
	// app#e2e: tested
}
