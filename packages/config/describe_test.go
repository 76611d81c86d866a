package config_test

import (
	_ "embed"
	"reflect"
	"strings"
	"testing"

	"magpie.build/packages/config"
)

//go:embed config_test.go
var testSource string

// The reference is printed from source, a run reads types: both must see the same settings.
func TestDescribeAgreesWithLoad(t *testing.T) {
	for _, prefix := range []string{"", "APP_"} {
		o := config.Options{Name: "app", EnvPrefix: prefix, Source: testSource}
		d, err := config.Describe(o, "everything")
		if err != nil {
			t.Fatal(err)
		}
		_, values, err := config.Load[everything](o)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Settings) != len(values) {
			t.Fatalf("the source has %d settings, the type %d", len(d.Settings), len(values))
		}
		for i, v := range values {
			if !reflect.DeepEqual(d.Settings[i], v.Setting) {
				t.Errorf("source: %+v\ntype:   %+v", d.Settings[i], v.Setting)
			}
		}
		if d.Doc != "everything has a field of each type that may be configured." {
			t.Errorf("the comment is %q", d.Doc)
		}
	}
}

func TestDescribeReadsNamedTypesAndTrailingComments(t *testing.T) {
	d, err := config.Describe(config.Options{Source: `package p
type Config struct {
	Mode   Mode // how to run
	Level  Level
	A, B   Group
}
type Mode string
type Level int
func (l *Level) UnmarshalText([]byte) error { return nil }
type Group struct { X int8 }
`}, "Config")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range d.Settings {
		got = append(got, s.Env+" "+s.Type+" "+s.Doc)
	}
	if want := "MODE string how to run, LEVEL Level , A_X int , B_X int "; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestDescribeRefusesWhatIsNotThere(t *testing.T) {
	for source, want := range map[string]string{
		"package p":                  "declares no struct",
		"package p; type Config int": "declares no struct",
		"not go":                     "expected 'package'",
		"package p; type Config struct { A int `check:\"no\"` }": "unknown rule",
	} {
		if _, err := config.Describe(config.Options{Source: source}, "Config"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", source, err, want)
		}
	}
}
