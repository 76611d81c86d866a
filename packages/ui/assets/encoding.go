package assets

import (
	"strconv"
	"strings"
)

// acceptEncoding is a parsed Accept-Encoding header, RFC 9110 section 12.5.3: for each coding whether it is accepted. "*" is for the others.
type acceptEncoding map[string]bool

// parseAcceptEncoding reads all values of the header. What it cannot read it takes as refused, so that a client never gets what it may not understand.
func parseAcceptEncoding(values []string) acceptEncoding {
	accept := acceptEncoding{}
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, parameters, _ := strings.Cut(item, ";")
		coding = strings.ToLower(strings.Trim(coding, " \t"))
		if coding == "" {
			continue
		}
		if coding == "x-gzip" { // RFC 9110 section 8.4.1.3: the same
			coding = "gzip"
		}
		accept[coding] = positive(parameters)
	}
	return accept
}

// positive reports whether the weight among an item's parameters is more than zero. An item without a weight has 1.
func positive(parameters string) bool {
	parameters = strings.Trim(parameters, " \t")
	if parameters == "" {
		return true
	}
	name, value, _ := strings.Cut(parameters, "=")
	if !strings.EqualFold(strings.Trim(name, " \t"), "q") {
		return false
	}
	q, err := strconv.ParseFloat(strings.Trim(value, " \t"), 64)
	return err == nil && q > 0 && q <= 1
}

// allows reports whether a coding may be sent. Identity may unless it is refused by name, or by "*" without being named; any other must be invited.
func (a acceptEncoding) allows(coding string) bool {
	if allowed, named := a[coding]; named {
		return allowed
	}
	if allowed, named := a["*"]; named {
		return allowed
	}
	return coding == "identity"
}
