package config_test

import (
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"magpie.build/packages/config"
)

// everything has a field of each type that may be configured.
type everything struct {
	Common
	Name    string        `default:"magpie" check:"max=10"`
	Verbose bool          `default:"false"`
	Workers int           `default:"4" check:"min=1,max=64"`
	Port    uint16        `default:"8080"`
	Ratio   float64       `default:"0.5" check:"min=0,max=1"`
	Timeout time.Duration `default:"30s" check:"min=1s"`
	Origins []string      `default:"a.example, b.example" check:"max=3"`
	Home    *url.URL      `check:"url=https|http"`
	Level   slog.Level    `default:"INFO"`
	Token   config.Secret `check:"min=4"`
	Redis   struct {
		URL    string `check:"url=redis|rediss"`
		DBPath string
	}
	Local   string `check:"url"`
	Skipped func() `env:"-"`
}

// Common is embedded.
type Common struct {
	AdminAddr string `env:"ADMIN" default:"127.0.0.1:9090" check:"hostport"`
}

func load(t *testing.T, file string, env []string, args ...string) (everything, config.Values, error) {
	t.Helper()
	if file != "" {
		path := filepath.Join(t.TempDir(), "app.toml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		env = append(env, "APP_CONFIG="+path)
	}
	return config.Load[everything](config.Options{Name: "app", Args: args, Env: env, Stdout: t.Output()})
}

func TestDefaultsFillEveryType(t *testing.T) {
	got, _, err := load(t, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := everything{
		Name: "magpie", Workers: 4, Port: 8080, Ratio: 0.5, Timeout: 30 * time.Second,
		Origins: []string{"a.example", "b.example"}, Common: Common{AdminAddr: "127.0.0.1:9090"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestFileFillsEveryType(t *testing.T) {
	got, _, err := load(t, `
name = "file"
verbose = true
workers = 0x10
port = 1_000
ratio = 1e-1
timeout = "2m"
origins = ["one, with a comma", "two"]
home = "https://example.com/"
level = "WARN"
token = "from the file"
admin = "localhost:1"
[redis]
url = "redis://localhost"
db_path = '''C:\data'''
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "file" || !got.Verbose || got.Workers != 16 || got.Port != 1000 || got.Ratio != 0.1 ||
		got.Timeout != 2*time.Minute || got.Home.Host != "example.com" || got.Level != slog.LevelWarn ||
		got.Token.Reveal() != "from the file" || got.AdminAddr != "localhost:1" ||
		got.Redis.URL != "redis://localhost" || got.Redis.DBPath != `C:\data` {
		t.Errorf("got %+v", got)
	}
	if want := []string{"one, with a comma", "two"}; !slices.Equal(got.Origins, want) {
		t.Errorf("origins are %q, want %q", got.Origins, want)
	}
}

func TestLaterLayerWinsAndIsNamed(t *testing.T) {
	file := "name = 'file'"
	tests := []struct {
		name, file string
		env, args  []string
		want       string
		layer      config.Layer
	}{
		{"default", "", nil, nil, "magpie", config.Default},
		{"file over default", file, nil, nil, "file", config.File},
		{"environment over file", file, []string{"NAME=env"}, nil, "env", config.Environment},
		{"flag over environment", file, []string{"NAME=env"}, []string{"-name=flag"}, "flag", config.Flag},
		{"flag with two dashes", file, nil, []string{"--name", "flag"}, "flag", config.Flag},
		{"an empty variable is not set", file, []string{"NAME="}, nil, "file", config.File},
		{"an empty flag is set", file, nil, []string{"-name="}, "", config.Flag},
		{"a URL of a socket", "", []string{"NAME=a", "LOCAL=unix:///run/redis.sock"}, nil, "a", config.Environment},
		{"the last of two flags", "", nil, []string{"-name=a", "-name=b"}, "b", config.Flag},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, values, err := load(t, tt.file, tt.env, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != tt.want || values[1].Text != tt.want || values[1].Source.Layer != tt.layer {
				t.Errorf("got %q from %s, want %q from %s", got.Name, values[1].Source, tt.want, tt.layer)
			}
		})
	}
}

func TestFileSourceNamesTheLine(t *testing.T) {
	_, values, err := load(t, "\n\n[redis]\nurl = 'redis://localhost'\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(values, func(v config.Value) bool { return v.Key == "redis.url" })
	if place := values[i].Source.Place; !strings.HasSuffix(place, "app.toml:4") {
		t.Errorf("redis.url comes from %q, want line 4", place)
	}
}

func TestBoolFlagNeedsNoValue(t *testing.T) {
	got, _, err := load(t, "", nil, "-verbose", "-name", "x")
	if err != nil || !got.Verbose || got.Name != "x" {
		t.Errorf("got %v, %q, %v", got.Verbose, got.Name, err)
	}
	got, _, err = load(t, "", []string{"VERBOSE=true"}, "-verbose=false")
	if err != nil || got.Verbose {
		t.Errorf("-verbose=false: got %v, %v", got.Verbose, err)
	}
}

func TestConfigFlagNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other.toml")
	if err := os.WriteFile(path, []byte("workers = 9"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, _, err := load(t, "workers = 8", nil, "-config", path)
	if err != nil || got.Workers != 9 {
		t.Errorf("got %d workers, %v; want 9, as the flag overrides the variable", got.Workers, err)
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	_, _, err := load(t, "wrokers = 3\nratio = 7\n[redis]\nurl = 'http://localhost'\nurl = 'twice'\n",
		[]string{"PORT=70000", "TIMEOUT=5"}, "-verbos", "-level=LOUD", "stray", "-name", "far too long a name")
	problems := problemsOf(t, err)
	want := []struct{ name, found, expected, suggestion string }{
		{"-verbos", "", "unknown flag", "-verbose"},
		{"stray", "", "not a flag", ""},
		{"wrokers", "", "unknown key", "workers"},
		{"redis.url", "", "already set in line 4", ""},
		{"-name", `"far too long a name"`, "a text, at most 10 characters", ""},
		{"PORT", `"70000"`, "a whole number", ""},
		{"ratio", `"7"`, "a number, 0 to 1", ""},
		{"TIMEOUT", `"5"`, "a duration such as 1m30s, at least 1s", ""},
		{"-level", `"LOUD"`, "a valid slog.Level", ""},
		{"redis.url", `"http://localhost"`, "redis:// or rediss://", ""},
	}
	if len(problems) != len(want) {
		t.Errorf("got %d problems, want %d", len(problems), len(want))
	}
	for i, w := range want[:min(len(want), len(problems))] {
		p := problems[i]
		if p.Name != w.name || p.Found != w.found || !strings.Contains(p.Expected, w.expected) || p.Suggestion != w.suggestion {
			t.Errorf("problem %d is\n  %s\nwant %q", i, p, w)
		}
	}
	for line := range strings.SplitSeq("app.toml:1\napp.toml:2\napp.toml:5", "\n") {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("no problem names %s:\n%v", line, err)
		}
	}
}

func problemsOf(t *testing.T, err error) []config.Problem {
	t.Helper()
	e, ok := errors.AsType[*config.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *config.Error", err)
	}
	t.Log(err)
	return e.Problems
}

func TestOneProblem(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		name, file string
		env, args  []string
		want       string
	}{
		{name: "file that is not there", args: []string{"-config=" + missing}, want: "(flag -config): cannot be read"},
		{name: "file named by a variable", env: []string{"APP_CONFIG=" + missing}, want: "(environment APP_CONFIG): cannot be read"},
		{name: "broken file", file: "name = 'a'\nworkers = = 3", want: "app.toml:2): this line is not valid TOML"},
		{name: "unknown table", file: "[reddis]", want: "unknown key"},
		{name: "list of tables", file: "[[redis]]", want: "a list of tables is not a setting"},
		{name: "unknown key of an inline table", file: "redis = {ulr = 'x'}", want: "did you mean redis.url?"},
		{name: "list for a single value", file: "name = ['a']", want: "expected a text"},
		{name: "table for a value", file: "name = {a = 1}", want: "expected a text"},
		{name: "list of lists", file: "origins = [['a']]", want: "expected a list"},
		{name: "flag without its value", args: []string{"-workers"}, want: "a value must follow"},
		{name: "secret by flag", args: []string{"-token=x"}, want: "a secret has no flag; set TOKEN or TOKEN_FILE"},
		{name: "secret by flag, apart", args: []string{"-token", "hunter2"}, want: "a secret has no flag; set TOKEN or TOKEN_FILE"},
		{name: "secret file that is not there", env: []string{"TOKEN_FILE=" + missing}, want: "cannot be read"},
		{name: "secret twice", env: []string{"TOKEN_FILE=" + missing, "TOKEN=abcd"}, want: "set either this or TOKEN"},
		{name: "not a number", env: []string{"RATIO=NaN"}, want: "expected a number, 0 to 1"},
		{name: "too many items", env: []string{"ORIGINS=a,b,c,d"}, want: "a list, at most 3 items"},
		{name: "password in a URL", env: []string{"REDIS_URL=http://u:hunter2@h"}, want: `found "http://[redacted]@h"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := load(t, tt.file, tt.env, tt.args...)
			if problems := problemsOf(t, err); len(problems) != 1 {
				t.Errorf("got %d problems, want one", len(problems))
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the problem does not say %q", tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the problem quotes a password")
			}
		})
	}
}

func TestUnknownVariableWithThePrefixIsAProblem(t *testing.T) {
	type settings struct{ Addr, AdminAddr string }
	load := func(env ...string) (settings, error) {
		s, _, err := config.Load[settings](config.Options{Name: "acme", EnvPrefix: "ACME_", Env: env})
		return s, err
	}
	got, err := load("ACME_ADDR=:80", "ADMIN_ADDR=not ours", "ACME_CONFIG=")
	if err != nil || got.Addr != ":80" || got.AdminAddr != "" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = load("ACME_ADRR=:80")
	if p := problemsOf(t, err); p[0].Suggestion != "ACME_ADDR" {
		t.Errorf("suggested %q, want ACME_ADDR", p[0].Suggestion)
	}
}

func TestRequiredSettingMustHaveAValue(t *testing.T) {
	type settings struct {
		Key config.Secret `check:"required"`
	}
	_, _, err := config.Load[settings](config.Options{Name: "app", Env: []string{"KEY="}})
	if p := problemsOf(t, err); p[0].String() != "KEY: required: a secret text" {
		t.Errorf("got %q", p[0])
	}
}

func TestRequiredSettingWithADefaultNeedNotBeGiven(t *testing.T) {
	type settings struct {
		Addr string `default:":80" check:"required"`
	}
	got, _, err := config.Load[settings](config.Options{Name: "app", Env: []string{}})
	if err != nil || got.Addr != ":80" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, _, err := config.Load[settings](config.Options{Name: "app", Env: []string{}, Args: []string{"-addr="}}); err == nil {
		t.Error("an empty value was accepted")
	}
	const source = "package p\n\ntype settings struct {\n\tAddr string `default:\":80\" check:\"required\"`\n}\n"
	described, err := config.Describe(config.Options{Source: source}, "settings")
	if err != nil || described.Settings[0].Required {
		t.Errorf("described as required: %+v, %v", described.Settings, err)
	}
}

func TestSecretFromMountedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("from a file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, values, err := load(t, "", []string{"TOKEN_FILE=" + path})
	if err != nil || got.Token.Reveal() != "from a file" {
		t.Errorf("got %q, %v", got.Token.Reveal(), err)
	}
	if !strings.Contains(values.String(), "TOKEN_FILE="+path) {
		t.Errorf("the values do not name the file:\n%s", values)
	}
}

type span struct {
	From, To int
}

func (s span) Validate() error {
	return errors.Join(errors.New("FROM must come before TO"), errors.New("TO must be even"))
}

func TestValidateIsAskedLastAndItsErrorsAreProblems(t *testing.T) {
	_, _, err := config.Load[span](config.Options{Name: "app"})
	if p := problemsOf(t, err); len(p) != 2 || p[1].String() != "TO must be even" {
		t.Errorf("got %v", p)
	}
	_, _, err = config.Load[span](config.Options{Name: "app", Env: []string{"FROM=x"}})
	if p := problemsOf(t, err); len(p) != 1 || p[0].Name != "FROM" {
		t.Errorf("got %v, want only the value that cannot be parsed", p)
	}
}

func TestMistakeInTheStructIsAnError(t *testing.T) {
	tests := map[string]func() error{
		"cannot be configured": try[struct{ F func() }],
		"unknown rule": try[struct {
			S string `check:"mni=3"`
		}],
		"the name A_B is taken by AB": try[struct {
			AB string `env:"A_B"`
			A  struct{ B string }
		}],
		"taken by the package itself": try[struct{ Help bool }],
		"a secret that is a default": try[struct {
			S config.Secret `default:"x"`
		}],
		"int is not a struct": try[int],
	}
	for want, load := range tests {
		err := load()
		if _, input := errors.AsType[*config.Error](err); err == nil || input || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a plain error that says %q", err, want)
		}
	}
}

func try[T any]() error {
	_, _, err := config.Load[T](config.Options{Name: "app"})
	return err
}

func TestPrintConfigShowsSourcesAndNoSecret(t *testing.T) {
	var out strings.Builder
	_, _, err := config.Load[everything](config.Options{
		Name: "app", Args: []string{"-print-config"}, Env: []string{"TOKEN=hunter2"}, Stdout: &out,
	})
	if !errors.Is(err, config.ErrHelp) {
		t.Fatalf("got %v, want ErrHelp", err)
	}
	if got := out.String(); !strings.Contains(got, "[redacted]") || strings.Contains(got, "hunter2") {
		t.Errorf("got\n%s", got)
	}
}
