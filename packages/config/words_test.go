package config_test

import (
	"strings"
	"testing"

	"magpie.build/packages/config"
)

func TestWordsAreCheckedOneByOne(t *testing.T) {
	type Settings struct {
		// Servers are where to go.
		Servers string `env:"SERVERS" check:"words,url=redis|rediss"`
	}
	for text, good := range map[string]bool{
		"":                             true,
		"redis://a":                    true,
		" redis://a\trediss://b:1/2  ": true,
		"redis://a http://b":           false,
		"redis://a b":                  false,
	} {
		_, _, err := config.Load[Settings](config.Options{Name: "app", Env: []string{"SERVERS=" + text}, Stdout: t.Output()})
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && !strings.Contains(err.Error(), "redis:// or rediss://, or several with spaces between") {
			t.Errorf("%q: %v does not say what is wanted", text, err)
		}
	}
}
