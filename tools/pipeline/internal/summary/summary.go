// Package summary is what a run says of itself as data, in the words of Turborepo's dry runs and run summaries, so that what reads those
// reads these. Where Turborepo has something that there is not here, such as frameworks, the field holds what it holds there for none.
package summary

import (
	"crypto/rand"
	"time"
)

// A Run is one run, or one that would be.
type Run struct {
	// ID is different for each run; later ones sort behind earlier ones.
	ID string `json:"id"`
	// Version is that of this form, as Turborepo counts.
	Version string `json:"version"`
	// MagpieVersion is that of the program, where it knows.
	MagpieVersion     string   `json:"magpieVersion"`
	Monorepo          bool     `json:"monorepo"`
	GlobalCacheInputs Global   `json:"globalCacheInputs"`
	Packages          []string `json:"packages"`
	// EnvMode is "strict": a task sees the variables that it declares.
	EnvMode            string `json:"envMode"`
	FrameworkInference bool   `json:"frameworkInference"`
	Tasks              []Task `json:"tasks"`
	User               string `json:"user"`
	SCM                SCM    `json:"scm"`
	// Execution is nil for a dry run.
	Execution *Execution `json:"execution,omitempty"`
}

// An Execution is how a run went. Times are in milliseconds since 1970.
type Execution struct {
	Command  string `json:"command"`
	RepoPath string `json:"repoPath"`
	// Success, Failed and Cached count tasks that ran and succeeded, that failed, and that came from the cache; Attempted is
	// their sum.
	Success         int   `json:"success"`
	Failed          int   `json:"failed"`
	Cached          int   `json:"cached"`
	Attempted       int   `json:"attempted"`
	StartTimeMillis int64 `json:"startTime"`
	EndTimeMillis   int64 `json:"endTime"`
	ExitCode        int   `json:"exitCode"`
}

// A TaskExecution is how a task went. Times are in milliseconds since 1970.
type TaskExecution struct {
	StartTimeMillis int64  `json:"startTime"`
	EndTimeMillis   int64  `json:"endTime"`
	ExitCode        int    `json:"exitCode"`
	Error           string `json:"error,omitempty"`
}

// Global is what is in the keys of all tasks.
type Global struct {
	// RootKey is the version of the rules by which keys are made.
	RootKey                    string               `json:"rootKey"`
	Files                      map[string]string    `json:"files"`
	HashOfExternalDependencies string               `json:"hashOfExternalDependencies"`
	HashOfInternalDependencies string               `json:"hashOfInternalDependencies"`
	EnvironmentVariables       EnvironmentVariables `json:"environmentVariables"`
	Engines                    map[string]string    `json:"engines"`
}

// EnvironmentVariables are those that a task declares, and those that it was given, as NAME=<SHA-256 of the value>.
type EnvironmentVariables struct {
	Specified struct {
		Env            []string `json:"env"`
		PassThroughEnv []string `json:"passThroughEnv"`
	} `json:"specified"`
	Configured  []string `json:"configured"`
	Inferred    []string `json:"inferred"`
	PassThrough []string `json:"passthrough"`
}

// SCM is where the tree stands.
type SCM struct {
	Type   string `json:"type"`
	SHA    string `json:"sha"`
	Branch string `json:"branch"`
}

// A Task is one task of the run.
type Task struct {
	TaskID  string `json:"taskId"`
	Name    string `json:"task"`
	Package string `json:"package"`
	// Hash is the task's key, null where it cannot be known yet; HashReason then says why.
	Hash       *string `json:"hash"`
	HashReason string  `json:"hashReason,omitempty"`
	// Inputs are the files that it reads, with the SHA-256 of their contents.
	Inputs                     map[string]string `json:"inputs"`
	HashOfExternalDependencies string            `json:"hashOfExternalDependencies"`
	Cache                      Cache             `json:"cache"`
	// Command is what it executes, "<NONEXISTENT>" for a group.
	Command         string   `json:"command"`
	CLIArguments    []string `json:"cliArguments"`
	Outputs         []string `json:"outputs"`
	ExcludedOutputs []string `json:"excludedOutputs"`
	// LogFile is empty: logs are kept with the artifacts.
	LogFile                string               `json:"logFile"`
	Directory              string               `json:"directory"`
	Dependencies           []string             `json:"dependencies"`
	Dependents             []string             `json:"dependents"`
	With                   []string             `json:"with"`
	ResolvedTaskDefinition Definition           `json:"resolvedTaskDefinition"`
	ExpandedOutputs        []string             `json:"expandedOutputs"`
	Framework              string               `json:"framework"`
	EnvMode                string               `json:"envMode"`
	EnvironmentVariables   EnvironmentVariables `json:"environmentVariables"`
	// Execution is nil for a dry run, and for tasks that did not start.
	Execution *TaskExecution `json:"execution,omitempty"`
}

// Cache says what the cache has for a task.
type Cache struct {
	Local  bool `json:"local"`
	Remote bool `json:"remote"`
	// Status is "HIT" or "MISS", Source where a hit comes from: "LOCAL" or "REMOTE".
	Status string `json:"status"`
	Source string `json:"source,omitempty"`
	// TimeSavedMillis is how long the task took when it ran, 0 for a miss.
	TimeSavedMillis int64 `json:"timeSaved"`
}

// A Definition is a task as it was declared.
type Definition struct {
	Outputs        []string `json:"outputs"`
	Cache          bool     `json:"cache"`
	DependsOn      []string `json:"dependsOn"`
	Inputs         []string `json:"inputs"`
	OutputLogs     string   `json:"outputLogs"`
	Persistent     bool     `json:"persistent"`
	Interruptible  bool     `json:"interruptible"`
	Env            []string `json:"env"`
	PassThroughEnv []string `json:"passThroughEnv"`
	Interactive    bool     `json:"interactive"`
	With           []string `json:"with"`
	Tags           []string `json:"tags"`
	Description    string   `json:"description"`
}

// NewID returns the id of a run that starts now.
func NewID(now time.Time) string {
	return now.UTC().Format("20060102150405.000") + "-" + rand.Text()[:8]
}
