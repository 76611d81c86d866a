package links

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Rebase puts base, such as /docs/, before every address of a page that begins with a slash, so
// that a site can live below a path. Everything else stays byte for byte.
func Rebase(content []byte, base string) []byte {
	if base == "/" {
		return content
	}
	var out bytes.Buffer
	z := html.NewTokenizer(bytes.NewReader(content))
	for {
		kind := z.Next()
		raw := slices.Clone(z.Raw())
		if kind == html.ErrorToken {
			out.Write(raw)
			return out.Bytes()
		}
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			raw = rebaseTag(raw, z, base)
		}
		out.Write(raw)
	}
}

func rebaseTag(raw []byte, z *html.Tokenizer, base string) []byte {
	_, more := z.TagName()
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		name, address := string(key), string(value)
		if !slices.Contains(linkAttributes, name) || !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") {
			continue
		}
		raw = bytes.Replace(raw, []byte(" "+name+`="/`), []byte(" "+name+`="`+base), 1)
	}
	return raw
}
