package doctor_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/doctor"
)

func found(version string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return version, nil }
}

func missing(context.Context) (string, error) { return "", errors.New("no tool on the PATH") }

func TestMissingRequirementFailsWithItsRemedy(t *testing.T) {
	var out bytes.Buffer
	err := doctor.Run(t.Context(), &out,
		doctor.Check{Name: "Go", For: "everything", Find: found("1.26.0")},
		doctor.Check{Name: "tool", For: "tests", Find: missing, Advice: map[string]string{"": "elsewhere", runtime.GOOS: "install tool"}},
	)
	if !errors.Is(err, doctor.ErrMissing) {
		t.Errorf("got %v, want ErrMissing", err)
	}
	want := "ok       Go    1.26.0               everything\n" +
		"missing  tool  no tool on the PATH  tests\n\nhow to get it:\n  tool: install tool\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

func TestMissingOptionIsNoFailure(t *testing.T) {
	var out bytes.Buffer
	err := doctor.Run(t.Context(), &out, doctor.Check{Name: "tool", For: "comparisons", Optional: true, Find: missing, Advice: map[string]string{"": "elsewhere"}})
	if err != nil || !strings.HasPrefix(out.String(), "optional") || !strings.Contains(out.String(), "tool: elsewhere") {
		t.Errorf("got %v and\n%s", err, &out)
	}
}

func TestGoIsFoundWithItsVersion(t *testing.T) {
	version, err := doctor.Go("1.26").Find(t.Context())
	if err != nil || !strings.HasPrefix(version, "1.") {
		t.Errorf("got %q, %v", version, err)
	}
	if _, err := doctor.Go("99.0").Find(t.Context()); err == nil || !strings.Contains(err.Error(), "is older than 99.0") {
		t.Errorf("got %v", err)
	}
}

func TestToolIsFoundUnderAnyOfItsNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tools here are shell scripts")
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	script := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script("second", "echo 'Second Browser 141.2.3.4 snap'")
	script("quiet", "exit 0")
	script("refuses", "exit 3")
	for name, test := range map[string]struct{ program, want, problem string }{
		"by its second name":  {"second", "141.2.3", ""},
		"without any version": {"quiet", "found", ""},
		"broken":              {"refuses", "", "exit status 3"},
		"missing":             {"absent", "", "no first or absent on the PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := doctor.Tool{Name: "Tool", Programs: []string{"first", test.program}}.Check().Find(t.Context())
			if got != test.want || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("got %q, %v; want %q, %q", got, err, test.want, test.problem)
			}
		})
	}
}

func TestDescriptors(t *testing.T) {
	if _, err := doctor.Descriptors(1).Find(t.Context()); err != nil {
		t.Error(err)
	}
}
