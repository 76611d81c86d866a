package doctor

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// Tool is a program that must be on the PATH, under any of several names.
type Tool struct {
	// Name is what people call it.
	Name string
	// Programs are the file names or paths it may have; the first that is found counts.
	Programs []string
	// Version are the arguments that have it print its version. Nil means "--version".
	Version []string
	// AtLeast is the oldest version that will do, such as "1.26". Empty means any.
	AtLeast string
	// For, Optional and Advice are those of [Check].
	For      string
	Optional bool
	Advice   map[string]string
}

// Check returns the tool as a check.
func (t Tool) Check() Check {
	return Check{Name: t.Name, For: t.For, Optional: t.Optional, Advice: t.Advice, Find: t.find}
}

func (t Tool) find(ctx context.Context) (string, error) {
	path := ""
	for _, program := range t.Programs {
		if found, err := exec.LookPath(program); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return "", fmt.Errorf("no %s on the PATH", strings.Join(t.Programs, " or "))
	}
	version, err := ask(ctx, path, t.Version)
	if err != nil {
		return "", err
	}
	if t.AtLeast != "" && semver.Compare("v"+version, "v"+t.AtLeast) < 0 {
		return "", fmt.Errorf("%s is older than %s", version, t.AtLeast)
	}
	return version, nil
}

// number is a version as programs print it.
var number = regexp.MustCompile(`\d+\.\d+(\.\d+)?`)

// ask has a program print its version. One that prints none is there all the same.
func ask(ctx context.Context, path string, args []string) (string, error) {
	const patience = 10 * time.Second // a browser's first start on a cold disk
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if args == nil {
		args = []string{"--version"}
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return "", fmt.Errorf("%s does not answer", path)
	}
	if _, broken := errors.AsType[*exec.ExitError](err); err != nil && !broken {
		return "", err
	}
	if version := number.FindString(string(out)); version != "" {
		return version, nil
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", path, strings.Join(args, " "), err)
	}
	return "found", nil
}

// Go is the toolchain itself, at a version or above, such as "1.26".
func Go(atLeast string) Check {
	return Tool{
		Name: "Go", Programs: []string{"go"}, Version: []string{"version"}, AtLeast: atLeast,
		For:    "everything",
		Advice: map[string]string{"": "https://go.dev/dl", "darwin": "brew install go", "windows": "winget install GoLang.Go"},
	}.Check()
}

// Git is needed to compare with a commit.
func Git() Check {
	return Tool{
		Name: "git", Programs: []string{"git"}, For: "clones, -affected",
		Advice: map[string]string{
			"": "install git with your package manager", "linux": "apt install git, or your distribution's package",
			"darwin": "brew install git", "windows": "winget install Git.Git",
		},
	}.Check()
}

// Redis is the server that tests start for themselves.
func Redis() Check {
	return Tool{
		Name: "redis-server", Programs: []string{"redis-server"}, For: "tests of chat over several servers",
		Advice: map[string]string{
			"": "install redis with your package manager", "linux": "apt install redis-server, or your distribution's package",
			"darwin": "brew install redis", "windows": "choco install redis-64, or run the tests under WSL",
		},
	}.Check()
}

// Browser is a Chromium that tests drive.
func Browser() Check {
	return Tool{
		Name: "Chromium", For: "tests in a real browser",
		Programs: []string{
			"chromium", "google-chrome", "chromium-browser", "google-chrome-stable", "chrome",
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
			"/Applications/Chromium.app/Contents/MacOS/Chromium",
			`C:\Program Files\Google\Chrome\Application\chrome.exe`,
		},
		Advice: map[string]string{
			"": "install chromium with your package manager", "linux": "apt install chromium, or your distribution's package",
			"darwin": "brew install --cask google-chrome", "windows": "winget install Google.Chrome",
		},
	}.Check()
}

// Strace watches what tasks read, on Linux.
func Strace() Check {
	return Tool{
		Name: "strace", Programs: []string{"strace"}, Optional: true, For: "-undeclared, on Linux",
		Advice: map[string]string{"": "there is none for this system", "linux": "apt install strace, or your distribution's package"},
	}.Check()
}

// Node is only for measuring against tools that are written for it.
func Node() Check {
	return Tool{
		Name: "Node.js", Programs: []string{"node"}, Optional: true, For: "comparisons with other tools in mage bench",
		Advice: map[string]string{
			"": "https://nodejs.org", "linux": "apt install nodejs npm", "darwin": "brew install node", "windows": "winget install OpenJS.NodeJS",
		},
	}.Check()
}
