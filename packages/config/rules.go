package config

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// rules are what a check tag asks of a value. An empty value keeps all of them but required.
type rules struct {
	required bool
	min, max bound
	oneOf    []string
	hostPort bool
	url      bool
	schemes  []string // of a url; empty means any
	words    bool     // the rest holds for each word of a text
}

// A bound is the least or the most that a value may be. Its text is empty where there is none.
type bound struct {
	text  string
	value float64
}

func parseRules(tag, typ string) (rules, error) {
	r := rules{url: typ == "url"}
	if tag == "" {
		return r, nil
	}
	for rule := range strings.SplitSeq(tag, ",") {
		name, arg, _ := strings.Cut(rule, "=")
		var err error
		switch name {
		case "required":
			r.required = true
		case "min":
			r.min, err = parseBound(arg, typ)
		case "max":
			r.max, err = parseBound(arg, typ)
		case "oneof":
			r.oneOf = strings.Split(arg, "|")
		case "hostport":
			r.hostPort = true
		case "words":
			r.words = true
		case "url":
			r.url = true
			if arg != "" {
				r.schemes = strings.Split(arg, "|")
			}
		default:
			err = fmt.Errorf("unknown rule")
		}
		if err != nil {
			return r, fmt.Errorf("check %q: %w", rule, err)
		}
	}
	return r, nil
}

func parseBound(text, typ string) (bound, error) {
	if typ == "duration" {
		d, err := time.ParseDuration(text)
		return bound{text, float64(d)}, err
	}
	n, err := strconv.ParseFloat(text, 64)
	return bound{text, n}, err
}

// accepts puts the rules into words.
func (r rules) accepts(typ string) string {
	what := map[string]string{
		"string": "a text", "bool": "true or false", "int": "a whole number", "uint": "a whole number, not negative",
		"float": "a number", "duration": "a duration such as 1m30s", "list": "a list", "url": "a URL", "secret": "a secret text",
	}[typ]
	switch {
	case len(r.oneOf) > 0:
		what = "one of " + strings.Join(r.oneOf, ", ")
	case r.hostPort:
		what = "host:port, such as 127.0.0.1:8080"
	case len(r.schemes) > 0:
		what = "a URL that begins with " + strings.Join(r.schemes, ":// or ") + "://"
	case r.url:
		what = "a URL such as https://example.com"
	case what == "":
		what = "a valid " + typ
	}
	if r.words {
		what += ", or several with spaces between"
	}
	unit := map[string]string{"string": " characters", "secret": " characters", "list": " items"}[typ]
	switch {
	case r.min.text != "" && r.max.text != "":
		what += ", " + r.min.text + " to " + r.max.text + unit
	case r.min.text != "":
		what += ", at least " + r.min.text + unit
	case r.max.text != "":
		what += ", at most " + r.max.text + unit
	}
	return what
}

// hold says whether a parsed value keeps the rules.
func (r rules) hold(value reflect.Value, in input) bool {
	size := measure(value, in)
	if math.IsNaN(size) {
		return false
	}
	if r.min.text != "" && size < r.min.value || r.max.text != "" && size > r.max.value {
		return false
	}
	texts := []string{in.text}
	if value.Type() == listType {
		texts = in.items()
	}
	if r.words {
		texts = strings.Fields(in.text)
	}
	return !slices.ContainsFunc(texts, func(text string) bool { return text != "" && !r.holdText(text) })
}

func (r rules) holdText(text string) bool {
	return (len(r.oneOf) == 0 || slices.Contains(r.oneOf, text)) &&
		(!r.hostPort || isHostPort(text)) &&
		(!r.url || r.isURL(text))
}

// measure returns what min and max bound: a number itself, the length of all else.
func measure(value reflect.Value, in input) float64 {
	switch {
	case value.CanInt():
		return float64(value.Int())
	case value.CanUint():
		return float64(value.Uint())
	case value.CanFloat():
		return value.Float()
	case value.Type() == listType:
		return float64(value.Len())
	}
	return float64(utf8.RuneCountInString(in.text))
}

func isHostPort(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func (r rules) isURL(text string) bool {
	u, err := url.Parse(text)
	local := err == nil && u.Path != "" && (u.Scheme == "unix" || u.Scheme == "file") // names a path, not a host
	if err != nil || u.Scheme == "" || u.Host == "" && !local {
		return false
	}
	return len(r.schemes) == 0 || slices.Contains(r.schemes, u.Scheme)
}
