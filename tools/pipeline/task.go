package pipeline

import (
	"context"
	"io"
	"os"
	"time"

	"magpie.build/tools/pipeline/internal/process"
)

// A Task is something that some or all modules of the workspace can do, such as "build".
//
// The same name may be declared more than once. For a module the last declaration whose Modules match
// counts, whole: declare the rule first, and after it copies with a field or two changed for the
// exceptions.
//
// A task with neither Commands nor Func is a group: it stands for what it depends on.
type Task struct {
	// Name is what is typed: lower-case letters, digits and dashes.
	Name string
	// Help says in one line what the task does.
	Help string
	// Tags are labels for filters: "tag:slow" chooses the task. They change nothing about it.
	Tags []string
	// Modules says which modules have the task, as filters: "apps/server", "apps/*", "!tools/lint",
	// "tag:frontend", "//" for the root. None means every Go module.
	Modules []string
	// DependsOn names what has to succeed before: "generate" in the same module, "^build" in the modules
	// that this one requires or imports (through those that have no such task, to the ones behind
	// them), "apps/docs#build" in that module, "//#fetch" at the root.
	DependsOn []string
	// With names tasks that run when this one does, in no order to it: "watch" in the same module, "apps/api#dev"
	// in that one.
	With []string

	// Commands run one after the other in the module's folder, without a shell. The first to fail
	// fails the task.
	Commands [][]string
	// Func runs instead of Commands. Its key holds the hash of the running executable, which for a
	// magefile is the compiled magefile.
	Func func(context.Context, Call) error

	// GoBuild names the Go packages that the task compiles, so that its inputs are the files of their
	// import closure: "." and "./..." in the module, "//packages/ui/cmd/bundle" from the root.
	GoBuild []string
	// GoTest is the same for packages whose tests are compiled or run: test files and testdata count too.
	GoTest []string
	// ByPackage says that the one command is a "go test" of the packages of GoTest, named in the same words, and that each
	// package is to be kept by itself: a run hands the go command only the packages whose files, or what their tests
	// were seen to read of the workspace and the environment, differ in content; the others are replayed.
	// With -coverprofile their profiles are kept too, and merged. Where tests cannot be observed, on Windows, it does nothing.
	ByPackage bool
	// Inputs are globs of further files that the task reads: relative to the module, or to the root when
	// they begin with "//". "!" takes away, also from GoBuild and GoTest. "$DEFAULT$" stands for every file of the module
	// that no .gitignore of the workspace leaves out, and for that a task without Inputs, GoBuild and GoTest needs none.
	Inputs []string
	// Outputs are globs of the files that the task writes, relative to the module. "!" takes away.
	Outputs []string
	// Committed says that the outputs are kept in version control. [Options.Frozen] checks them.
	Committed bool

	// Env names variables that change what the task does: given to it, and part of its key.
	// "MAGPIE_*" stands for all that begin so, "!MAGPIE_LOG" takes one away.
	Env []string
	// PassEnv names variables that it is given, but whose values do not change the result.
	PassEnv []string
	// Set holds variables with their values, "GOOS=windows": given to the task, and part of its key.
	Set []string

	// Timeout is how long the task may run before it is ended and counts as failed. Zero means no limit.
	Timeout time.Duration
	// Retries is how often a task that failed is run again, from the start, before it counts as failed.
	Retries int
	// Exclusive names what the task wants for itself while it runs, such as "port-8080": tasks that share a name never run at
	// the same time.
	Exclusive []string
	// OutputLogs says how much of the task's output is shown where [Options.OutputLogs] leaves that open.
	OutputLogs OutputLogs

	// Persistent says that the task does not end by itself, such as a server. Nothing of it is stored. It is stopped with the last task that
	// depends on it; one that was asked for, or that no task depends on, stays up until the run is interrupted, which is no
	// error then. One that fails ends the run. It takes none of the places that [Options.Concurrency] gives, and knows no
	// Timeout, Retries and Exclusive.
	Persistent bool
	// Ready says when a persistent task is up. Without it no task may depend on it.
	Ready Readiness
	// Interruptible says that [Pipeline.Watch] may end the task and start it again when what it reads has changed. Otherwise a
	// persistent task is left alone, and another one ends first.
	Interruptible bool
	// Interactive gives the task standard input. Nothing of it is stored. On a terminal it gets that whole, and other
	// output waits until it has ended; of persistent tasks at most one may be interactive.
	Interactive bool

	// Uncached makes the task run every time. Nothing of it is stored.
	Uncached bool
}

// A Call is what a task's Func is given.
type Call struct {
	// Root is the workspace's folder and Dir the module's, both absolute.
	Root, Dir string
	// Module is the module's name, such as "apps/server", or "//" for the root.
	Module string
	// Args are those of the run, where it names the task: [Options.Args].
	Args []string
	// Env is the environment for child processes, as [os/exec.Cmd] takes it.
	Env []string
	// Input is standard input, nil where the task is not interactive.
	Input *os.File
	// Output takes what the task says. It is shown, stored and replayed. Safe for concurrent use.
	Output io.Writer

	guard *process.Guard
}
