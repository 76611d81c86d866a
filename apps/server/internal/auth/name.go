package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the longest display name, in characters: it stands above every message.
const MaxName = 40

// NameError says why a name cannot be shown.
type NameError struct {
	// Reason completes the sentence "the name …".
	Reason string
}

// Error implements error.
func (e *NameError) Error() string { return "the name " + e.Reason }

// CleanName returns the name as it is shown, without space around it. It returns a [*NameError]
// for a name that is empty, longer than [MaxName], not UTF-8, or holds characters one cannot see.
func CleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", &NameError{Reason: "is empty"}
	case !utf8.ValidString(name):
		return "", &NameError{Reason: "is not valid UTF-8"}
	case utf8.RuneCountInString(name) > MaxName:
		return "", &NameError{Reason: fmt.Sprintf("is longer than %d characters", MaxName)}
	case strings.ContainsFunc(name, Invisible):
		return "", &NameError{Reason: "holds characters that cannot be seen"}
	}
	return name, nil
}

// Invisible is true for control characters and for marks that reorder or hide what stands beside
// them: a name must not rewrite the line it is shown in. Emoji need the zero-width joiner.
func Invisible(r rune) bool {
	const zeroWidthJoiner = '\u200d'
	if r == zeroWidthJoiner {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}
