package filter

import (
	"cmp"
	"strings"
)

// number is a decimal number as it is written, such as "-12.50": exact, as prices and versions have to be.
// It has no exponent, by which a few bytes would be a great many digits.
type number struct {
	negative bool
	// whole and fraction are digits without those zeroes that make no difference.
	whole, fraction string
}

// parseNumber reads a number: perhaps a sign, digits, perhaps a point and more digits.
func parseNumber(text string) (n number, ok bool) {
	text, n.negative = strings.CutPrefix(text, "-")
	if !n.negative {
		text = strings.TrimPrefix(text, "+")
	}
	whole, fraction, point := strings.Cut(text, ".")
	if !isDigits(whole) || point && !isDigits(fraction) {
		return number{}, false
	}
	n.whole, n.fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	n.negative = n.negative && n.whole+n.fraction != ""
	return n, true
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// compareNumbers compares as [cmp.Compare] does. It reports false unless both are numbers.
func compareNumbers(a, b string) (order int, ok bool) {
	x, okX := parseNumber(a)
	y, okY := parseNumber(b)
	switch {
	case !okX || !okY:
		return 0, false
	case x.negative && y.negative:
		return y.compareDigits(x), true
	case x.negative:
		return -1, true
	case y.negative:
		return 1, true
	default:
		return x.compareDigits(y), true
	}
}

// compareDigits compares without signs.
func (n number) compareDigits(other number) int {
	return cmp.Or(
		cmp.Compare(len(n.whole), len(other.whole)),
		strings.Compare(n.whole, other.whole),
		// Of two fractions without zeroes at their ends the longer is greater where it begins as the other.
		strings.Compare(n.fraction, other.fraction),
	)
}
