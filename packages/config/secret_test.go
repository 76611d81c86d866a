package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"magpie.build/packages/config"
)

const word = "hunter2"

func TestSecretNeverPrints(t *testing.T) {
	secret := config.NewSecret(word)
	// Exported and unexported, by value, by pointer, and inside what fmt walks through.
	holders := []any{
		secret,
		&secret,
		struct{ S config.Secret }{secret},
		struct{ s config.Secret }{secret},
		&struct{ s *config.Secret }{&secret},
		[]config.Secret{secret},
		map[string]config.Secret{"a": secret},
		fmt.Errorf("tried %v: %w", secret, fmt.Errorf("%s", secret)),
	}
	for _, holder := range holders {
		for _, out := range renderings(t, holder) {
			if strings.Contains(out, word) || strings.Contains(out, fmt.Sprintf("%x", word)) || strings.Contains(out, fmt.Sprintf("%d", []byte(word))) {
				t.Errorf("%T prints as %s", holder, out)
			}
		}
	}
	if secret.Reveal() != word {
		t.Errorf("Reveal returns %q", secret.Reveal())
	}
}

func renderings(t *testing.T, v any) []string {
	t.Helper()
	out := []string{fmt.Sprint(v), fmt.Sprintln(v)}
	for _, verb := range "vTtbcdoOqxXUeEfFgGsp!" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "30", ".3"} {
			out = append(out, fmt.Sprintf("%"+flags+string(verb), v))
		}
	}
	var b bytes.Buffer
	options := &slog.HandlerOptions{AddSource: true}
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, options), slog.NewJSONHandler(&b, options)} {
		slog.New(h).With("with", v).Info("message", "key", v, slog.Group("group", "inner", v))
	}
	if err := template.Must(template.New("").Parse("{{.}}")).Execute(&b, v); err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(v); err == nil {
		b.Write(text)
	}
	if text, err := xml.Marshal(v); err == nil {
		b.Write(text)
	}
	return append(out, b.String())
}

func TestEmptySecretPrintsNothing(t *testing.T) {
	for _, secret := range []config.Secret{{}, config.NewSecret("")} {
		if got := fmt.Sprintf("%v%s%q%#v", secret, secret, secret, secret) + secret.Reveal(); got != "" {
			t.Errorf("got %q", got)
		}
	}
}

func TestSecretRoundTripsThroughNoEncoding(t *testing.T) {
	text, err := json.Marshal(map[string]config.Secret{"token": config.NewSecret(word)})
	if err != nil || string(text) != `{"token":"[redacted]"}` {
		t.Errorf("got %s, %v", text, err)
	}
}
