package cli_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"magpie.build/tools/pipeline"
	"magpie.build/tools/pipeline/cli"
)

// In a magefile the arguments are the process's own, os.Args, and what runs is a function that mage finds by the word that is
// left in them.
func Example() {
	leave, err := enterWorkspace()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer leave()

	args := []string{"magefile", "greet", "-filter=app", "-outputlogs=full", "--", "loudly"}
	magpie := cli.Take(&args, pipeline.Task{
		Name: "greet",
		Func: func(_ context.Context, c pipeline.Call) error {
			_, err := fmt.Fprintln(c.Output, c.Module, "greets", c.Args)
			return err
		},
	})
	fmt.Println("left for mage:", args)

	// Greet, which mage calls for the word.
	greet := func(ctx context.Context) error { return magpie.Run(ctx, "greet") }
	if err := greet(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// left for mage: [magefile greet]
	// app#greet: app greets [loudly]
}

// enterWorkspace makes a workspace of two modules the current folder, until it is left.
func enterWorkspace() (leave func(), err error) {
	before, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp("", "example")
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"go.work":    "go 1.26.0\nuse ./app\nuse ./lib\n",
		"app/go.mod": "module example.com/app\ngo 1.26.0\n",
		"lib/go.mod": "module example.com/lib\ngo 1.26.0\n",
	} {
		full := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			return nil, err
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return func() {
		_ = os.Chdir(before)
		_ = os.RemoveAll(root)
	}, os.Chdir(root)
}
