package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie.build/packages/config"
)

// A foreign file ends in a value or in problems, never in a panic, and problems never quote the secret.
func FuzzFile(f *testing.F) {
	f.Add("name = 'a'\n[redis]\nurl = 'redis://localhost'")
	f.Add("redis = {url = 'x', db_path = \"\\u00e9\"}")
	f.Add("token = hunter2")
	f.Add("token = 'hunter2'\ntoken = 'hunter2'")
	f.Add("token = [\"hunter2\", 1]")
	f.Add("token = 1979-05-27T07:32:00hunter2")
	f.Add("[[token]]\na = \"\"\"hunter2")
	f.Fuzz(func(t *testing.T, file string) {
		path := filepath.Join(t.TempDir(), "app.toml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		// The word may stand in a key or for another setting; then it is no secret.
		secret := strings.Count(file, word) == strings.Count(file, "token = '"+word+"'")
		check(t, config.Options{Name: "app", Env: []string{"APP_CONFIG=" + path}}, secret)
	})
}

// Foreign variables and arguments end in a value or in problems, never in a panic.
func FuzzEnvAndFlags(f *testing.F) {
	f.Add("WORKERS=3\nTOKEN=hunter2", "-name\nx")
	f.Add("TOKEN=\nORIGINS=,,a", "--\n-\n-=\n-name")
	f.Add("TIMEOUT=-1s\nRATIO=NaN", "-verbose\n-verbose=maybe")
	f.Fuzz(func(t *testing.T, env, args string) {
		if strings.Contains(env, "_FILE=") || strings.Contains(env, "_CONFIG=") || strings.Contains(args, "config") {
			t.Skip("would read files of this machine")
		}
		secret := strings.Count(env+args, word) == strings.Count(env, "TOKEN="+word)
		check(t, config.Options{Name: "app", Env: strings.Split(env, "\n"), Args: strings.Split(args, "\n"), Stdout: t.Output()}, secret)
	})
}

func check(t *testing.T, o config.Options, secret bool) {
	t.Helper()
	_, values, err := config.Load[everything](o)
	if err != nil && !errors.Is(err, config.ErrHelp) {
		e, ok := errors.AsType[*config.Error](err)
		if !ok || len(e.Problems) == 0 {
			t.Errorf("foreign input ends in %v, want a *config.Error with problems", err)
		}
		if secret && strings.Contains(err.Error(), word) {
			t.Errorf("a problem quotes the secret: %v", err)
		}
	}
	if secret && strings.Contains(values.String(), word) {
		t.Errorf("the values show the secret:\n%s", values)
	}
}
