// Package codeblock shows program text.
package codeblock

// Props describe a block of code. Either Text or HighlightedHTML is set.
type Props struct {
	// Title stands above the code, such as a file's name. Empty shows the language.
	Title string
	// Language is what the code is written in, such as "go".
	Language string
	// Text is the code as it is.
	Text string
	// HighlightedHTML is the code as HTML with chroma's short class names, written unchanged: it must come from a highlighter and never from people.
	HighlightedHTML string
}

func (p Props) title() string {
	if p.Title == "" {
		return p.Language
	}
	return p.Title
}

func (p Props) name() string {
	if t := p.title(); t != "" {
		return "Code: " + t
	}
	return "Code"
}
