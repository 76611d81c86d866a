package avatar

import (
	"hash/fnv"
	"strconv"
	"strings"
	"unicode"
)

// hues is how many colours avatar.css has.
const hues = 12

// Hue maps an id to one of the colours of avatar.css, "0" to "11".
func Hue(id string) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return strconv.Itoa(int(h.Sum32() % hues))
}

// Initials returns the first letters of the first and the last word of a name in upper case, or "?" for a name without letters and digits.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	switch len(words) {
	case 0:
		return "?"
	case 1:
		return first(words[0])
	}
	return first(words[0]) + first(words[len(words)-1])
}

func first(word string) string {
	for _, r := range word {
		return string(unicode.ToUpper(r))
	}
	return ""
}
