package gallery

import "strings"

// packageDoc returns the comment at the beginning of a file.
func packageDoc(source string) string {
	doc, _, _ := strings.Cut(source, "\npackage ")
	return uncomment(doc)
}

// cut finds a template in a formatted file, where its head and its closing brace are the only lines of it that are not indented.
// It returns the comment above it, and what is between the braces.
func cut(source, name string) (doc, body string) {
	before, after, found := strings.Cut(source, "\ntempl "+name+"(")
	if !found {
		return "", ""
	}
	_, after, _ = strings.Cut(after, "{\n")
	body, _, _ = strings.Cut(after, "\n}")
	return uncomment(before[strings.LastIndex(before, "\n\n")+1:]), unindent(body)
}

func uncomment(doc string) string {
	lines := strings.Split(strings.TrimSpace(doc), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "//"), " ")
	}
	return strings.Join(lines, "\n")
}

func unindent(body string) string {
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "\t")
	}
	return strings.Join(lines, "\n")
}
