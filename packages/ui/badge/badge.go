// Package badge is a word or a number that marks something else.
package badge

// Tone is what a badge's colour says. Its text must say it too.
type Tone string

// The tones.
const (
	Neutral Tone = ""
	Accent  Tone = "accent"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

// Props describe a badge. The zero value is neutral.
type Props struct {
	Tone Tone
	// Label is read out instead of the text, where the text alone is too short: "3 unread messages" for "3".
	Label string
}
