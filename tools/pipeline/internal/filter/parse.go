package filter

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Parse reads expressions, as somebody at that place writes them. The error names the selector at fault.
func Parse(expressions []string, at Place) ([]Selector, error) {
	var selectors []Selector
	for _, expression := range expressions {
		if strings.TrimSpace(expression) == "" {
			continue
		}
		for text := range splitTop(expression) {
			s, err := parseOne(strings.TrimSpace(text), at)
			if err != nil {
				return nil, fmt.Errorf("filter %q: %w", strings.TrimSpace(text), err)
			}
			selectors = append(selectors, s)
		}
	}
	return selectors, nil
}

// splitTop yields the parts between commas that are not inside brackets or quotes.
func splitTop(expression string) func(func(string) bool) {
	return func(yield func(string) bool) {
		depth, start, quoted := 0, 0, false
		for i, r := range expression {
			switch {
			case r == '"':
				quoted = !quoted
			case quoted:
			case r == '{' || r == '[':
				depth++
			case r == '}' || r == ']':
				depth--
			case r == ',' && depth <= 0:
				if !yield(expression[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(expression[start:])
	}
}

func parseOne(text string, at Place) (Selector, error) {
	s := Selector{text: text}
	rest, drop := strings.CutPrefix(text, "!")
	s.drop = drop
	rest, s.users = strings.CutPrefix(rest, "...")
	if s.users {
		rest, s.notItself = strings.CutPrefix(rest, "^")
	}
	rest, err := s.parseSubject(rest, at)
	if err != nil {
		return Selector{}, err
	}
	if rest, err = s.parseFolder(rest, at); err != nil {
		return Selector{}, err
	}
	if rest, err = s.parseRange(rest); err != nil {
		return Selector{}, err
	}
	rest = s.parseEnd(rest)
	switch {
	case rest != "":
		return Selector{}, fmt.Errorf("%q is out of place; the order is name{folder}[range]", rest)
	case s.name == "" && s.dir == "" && !s.ofTasks():
		return Selector{}, fmt.Errorf("want a module, a folder, a tag or a range, such as %q, %q, %q or %q", "apps/server...", "./apps", "tag:slow", "[main]")
	}
	s.settle(at)
	return s, nil
}

// settle narrows a range that stands alone to where one is.
func (s *Selector) settle(at Place) {
	if s.name != "" || s.dir != "" || s.tag != "" {
		return
	}
	if at.Module != "" {
		s.name = at.Module
	} else if at.Dir != "" && at.Dir != "." {
		s.dir = at.Dir
	}
}

// parseSubject takes a tag, a folder without braces or a name off the front.
func (s *Selector) parseSubject(text string, at Place) (rest string, err error) {
	if label, ok := strings.CutPrefix(text, "tag:"); ok {
		return s.parseTag(label)
	}
	end := len(text)
	if cut := strings.IndexAny(text, "{["); cut >= 0 {
		end = cut
	}
	subject, rest := text[:end], text[end:]
	subject, tail := cutEnd(subject)
	switch {
	case subject == "":
	case subject == Root:
		s.name = Root
	case subject == "." || subject == ".." || strings.HasPrefix(subject, "./") || strings.HasPrefix(subject, "../"):
		if rest != "" {
			return "", fmt.Errorf("a folder beside something else goes into braces: %q", "{"+subject+"}")
		}
		return tail, s.setFolder(subject, at)
	case strings.ContainsAny(subject, `^!"]}\`) || !doublestar.ValidatePattern(subject):
		return "", fmt.Errorf("%q is no name of a module and no pattern for one", subject)
	default:
		s.name = strings.TrimSuffix(subject, "/")
	}
	return tail + rest, nil
}

// cutEnd cuts "..." or "^..." off the end.
func cutEnd(text string) (before, end string) {
	before, ok := strings.CutSuffix(text, "...")
	if !ok {
		return text, ""
	}
	before = strings.TrimSuffix(before, "^")
	return before, text[len(before):]
}

func (s *Selector) parseTag(text string) (rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return "", errors.New("the label's quotation mark is not closed")
		}
		if s.tag, err = strconv.Unquote(quoted); err != nil || s.tag == "" {
			return "", errors.New("want a label between the quotation marks")
		}
		return text[len(quoted):], nil
	}
	end := len(text)
	if cut := strings.IndexAny(text, "{["); cut >= 0 {
		end = cut
	}
	label, tail := cutEnd(text[:end])
	if label == "" || strings.ContainsAny(label, " ^!*]}") {
		return "", errors.New("want a label behind tag:, in quotation marks if it is not a plain word")
	}
	s.tag = label
	return tail + text[end:], nil
}

// parseFolder takes "{folder}" off the front.
func (s *Selector) parseFolder(text string, at Place) (rest string, err error) {
	if !strings.HasPrefix(text, "{") {
		return text, nil
	}
	depth := 0
	for i, r := range text {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return text[i+1:], s.setFolder(text[1:i], at)
		}
	}
	return "", errors.New("a brace is not closed")
}

func (s *Selector) setFolder(dir string, at Place) error {
	if dir == "" || strings.HasPrefix(dir, "/") || strings.Contains(dir, `\`) || !doublestar.ValidatePattern(dir) {
		return fmt.Errorf("%q is no folder relative to where you are, written with slashes", dir)
	}
	s.dir = at.join(dir)
	if s.dir == ".." || strings.HasPrefix(s.dir, "../") {
		return fmt.Errorf("the folder %q lies outside the workspace", dir)
	}
	s.dir = path.Clean(s.dir)
	return nil
}

// parseRange takes "[range]" off the front, and the "..." that may stand before it.
func (s *Selector) parseRange(text string) (rest string, err error) {
	if after, ok := strings.CutPrefix(text, "...["); ok {
		s.behind = true
		text = "[" + after
	}
	if !strings.HasPrefix(text, "[") {
		return text, nil
	}
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return "", errors.New("a bracket is not closed")
	}
	inside := text[1:end]
	from, to, fork := strings.Cut(inside, "...")
	if from == "" || fork && to == "" {
		return "", fmt.Errorf("[%s] lacks a revision; want [main] or [main...topic]", inside)
	}
	s.changed = &Range{From: from, To: to, Fork: fork}
	return text[end+1:], nil
}

// parseEnd takes "..." or "^..." off the end.
func (s *Selector) parseEnd(text string) (rest string) {
	rest, end := cutEnd(text)
	s.deps = end != ""
	s.notItself = s.notItself || strings.HasPrefix(end, "^")
	return rest
}
