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

// A chart is a group of bars that have a scale in common.
type chart struct {
	title string
	bars  []bar
}

type bar struct {
	name  string
	value float64
	label string
	ours  bool
}

// A scale says how long the bar of a value is, as a share of the longest. All charts of a picture are given.
type scale func(charts []chart, c chart, value float64) float64

// logarithmic is one scale for all charts: a tenth is the same step everywhere.
func logarithmic(charts []chart, _ chart, value float64) float64 {
	least, most := math.Inf(1), 1.0
	for _, c := range charts {
		for _, b := range c.bars {
			least, most = min(least, b.value), max(most, b.value)
		}
	}
	from := math.Floor(math.Log10(least))
	return (math.Log10(value) - from) / (math.Log10(most) - from)
}

// linear is a scale for each chart, from zero.
func linear(_ []chart, c chart, value float64) float64 {
	most := 0.0
	for _, b := range c.bars {
		most = max(most, b.value)
	}
	return value / most
}

// plot draws charts below each other.
func plot(title string, scale scale, charts ...chart) string {
	var body strings.Builder
	y := 10.0
	for _, c := range charts {
		fmt.Fprintf(&body, `<text x="0" y="%.0f" font-weight="bold" fill="`+text+`">%s</text>`+"\n", y+12, html.EscapeString(c.title))
		y += barHeight + barGap
		for _, b := range c.bars {
			width := max(1, plotWidth*scale(charts, c, b.value))
			colour := text
			if b.ours {
				colour = accent
			}
			fmt.Fprintf(&body, `<text x="%.0f" y="%.0f" text-anchor="end" fill="`+text+`">%s</text>`, labelWidth-8, y+13, html.EscapeString(b.name))
			fmt.Fprintf(&body, `<rect x="%.0f" y="%.0f" width="%.1f" height="%.0f" rx="3" fill="%s"/>`, labelWidth, y, width, barHeight, colour)
			fmt.Fprintf(&body, `<text x="%.1f" y="%.0f" fill="`+text+`">%s</text>`+"\n", labelWidth+width+8, y+13, html.EscapeString(b.label))
			y += barHeight + barGap
		}
		y += groupGap - barGap
	}
	width := labelWidth + plotWidth + valueWidth
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" font-family="ui-sans-serif, sans-serif" font-size="13">`+
		"\n<title>%s</title>\n", width, y, width, y, html.EscapeString(title)) + body.String() + "</svg>\n"
}
