// Package pipeline runs the tasks of a Go workspace: builds, tests, generators, linters and whatever
// else its modules need, dependencies first, as many at once as the machine has room for, and nothing
// twice that has not changed.
//
// Begin with [Task], hand a list of them, with [Module] and [Global] where there is need, to [New], which finds every mistake at once, and call
// [Pipeline.Run]. A magefile is the usual place. There, package cli does the last two, and reads the command line.
//
// # What a run promises
//
// A task has a key: the SHA-256 of everything that decides what it does. That is the content of its
// input files, the toolchain and platform where it uses Go, the environment that it declares, what it
// executes, and the keys of the tasks it depends on. Keys are worked out when a task is about to start,
// after its dependencies, so generated files count by what is in them.
//
// A task that succeeded is stored under its key below .magpie/ at the root: its output files, its log,
// how long it took. When the key comes up again the log can be replayed, and the outputs are put back exactly:
// same bytes, same modes, no stale file beside them, and nothing is written where they are in place.
//
// Storing and restoring are atomic. Whenever a run is killed, the next one makes what a clean build makes.
// A broken artifact is a miss with a warning, never a wrong build. Where the cache cannot be written, the
// run says so once and goes on without it.
//
// A task that runs starts without the output files of an earlier run, except those that git tracks, so
// that what it leaves is what it made. Two tasks may not claim the same output.
//
// A task that fails ends the run, or lets others go on: see [Continue]. When the context is cancelled or the
// process gets SIGTERM, the process groups of running commands are asked to end, and killed a little later;
// nothing half done is stored. When a run has ended, no process that it started is left.
//
// A persistent task, such as a server, is up before the tasks that depend on it start, and is stopped behind the
// last of them: see [Task.Persistent]. [Pipeline.Watch] runs tasks again when files change.
//
// # What it leaves to others
//
// Two runs in one workspace at the same moment are safe for the cache, but write the same outputs.
package pipeline
