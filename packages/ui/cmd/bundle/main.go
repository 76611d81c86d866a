// Command bundle makes the files that browsers load from TypeScript and CSS.
//
//	go run magpie.build/packages/ui/cmd/bundle -out=dist client/app.ts styles/app.css
//
// With -check it writes nothing and fails if a file in the folder is out of date, naming it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"magpie.build/packages/ui/bundle"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("bundle", flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "dist", "folder for the bundles; nothing else may be in it")
	check := flags.Bool("check", false, "write nothing, fail if a bundle is out of date")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no entry given: name the files to start from, such as client/app.ts styles/app.css")
	}
	options := bundle.Options{Entries: flags.Args(), Out: *out}
	if *check {
		return bundle.Check(options)
	}
	return bundle.Write(options)
}
