package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Measures of the picture, in pixels.
const (
	barHeight  = 18.0
	barGap     = 6.0
	groupGap   = 30.0
	labelWidth = 130.0
	plotWidth  = 560.0
	valueWidth = 90.0
)

// Colours that can be read on light and dark pages: a picture does not know which it is on.
const text, accent = "#7a7a7a", "#3178d6"

// plot draws the first scenario of each size as bars, on a logarithmic scale: a tenth of the time is the same step everywhere.
func plot(comparisons []Comparison) string {
	var body strings.Builder
	shortest, longest := math.Inf(1), 1.0
	for _, c := range comparisons {
		for _, t := range c.warm() {
			millis := float64(t.Median()) / 1e6
			shortest, longest = min(shortest, millis), max(longest, millis)
		}
	}
	from := math.Floor(math.Log10(shortest))
	scale := plotWidth / (math.Log10(longest) - from)
	y := 10.0
	for _, c := range comparisons {
		fmt.Fprintf(&body, `<text x="0" y="%.0f" font-weight="bold" fill="`+text+`">%s</text>`+"\n", y+12, html.EscapeString(fmt.Sprintf("%d modules of %d files", c.Modules, c.Files)))
		y += barHeight + barGap
		for _, t := range c.warm() {
			millis := float64(t.Median()) / 1e6
			width := max(1, (math.Log10(millis)-from)*scale)
			colour := text
			if t.Name == own {
				colour = accent
			}
			fmt.Fprintf(&body, `<text x="%.0f" y="%.0f" text-anchor="end" fill="`+text+`">%s</text>`, labelWidth-8, y+13, html.EscapeString(t.Name))
			fmt.Fprintf(&body, `<rect x="%.0f" y="%.0f" width="%.1f" height="%.0f" rx="3" fill="%s"/>`, labelWidth, y, width, barHeight, colour)
			fmt.Fprintf(&body, `<text x="%.1f" y="%.0f" fill="`+text+`">%s ms</text>`+"\n", labelWidth+width+8, y+13, ms(t.Median()))
			y += barHeight + barGap
		}
		y += groupGap - barGap
	}
	width := labelWidth + plotWidth + valueWidth
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" font-family="ui-sans-serif, sans-serif" font-size="13">`+
		"\n<title>How long a run takes in which nothing changed, in milliseconds, on a logarithmic scale</title>\n", width, y, width, y) + body.String() + "</svg>\n"
}
