package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that cannot be printed by accident: every fmt verb, encoding and log handler shows
// "[redacted]", or nothing when it is empty. The zero value is empty. Secrets do not compare with ==.
type Secret struct {
	// A pointer, because fmt prints the fields of a struct that it may not call methods on: a Secret
	// in an unexported field then shows an address.
	text *string
	_    [0]func() // not comparable: == would compare addresses
}

// NewSecret returns text as a secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String returns "[redacted]", or nothing for an empty secret.
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return mask
}

// GoString returns what String does.
func (s Secret) GoString() string { return s.String() }

// Format writes what String returns, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns what String does, for JSON and every other encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns what String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// UnmarshalText keeps a copy of text.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
