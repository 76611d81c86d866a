// Package alert tells people something that concerns the whole page or the text around it.
package alert

import "magpie.build/packages/ui/icon"

// Tone is how serious an alert is.
type Tone string

// The tones.
const (
	Info    Tone = ""
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

// Props describe an alert. The zero value is an information without a title.
type Props struct {
	Tone  Tone
	Title string
	// Live has screen readers announce the alert: at once for [Danger], at the next pause else. Leave it out of text that is there from the start.
	Live bool
}

func (p Props) role() string {
	if p.Tone == Danger {
		return "alert"
	}
	return "status"
}

func (p Props) icon() icon.Name {
	switch p.Tone {
	case Success:
		return icon.Check
	case Warning, Danger:
		return icon.Warning
	default:
		return icon.Info
	}
}

// name says in words what the colour says.
func (p Props) name() string {
	switch p.Tone {
	case Success:
		return "Success"
	case Warning:
		return "Warning"
	case Danger:
		return "Error"
	default:
		return "Note"
	}
}
