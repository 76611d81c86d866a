package ui_test

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// pairs are the colours that meet, text first, with the contrast WCAG 2.2 asks for: 4.5 for text (1.4.3), 3 for what marks a control (1.4.11).
var pairs = []struct {
	least   float64
	fronts  []string
	grounds []string
}{
	{4.5, []string{"text", "text-muted", "accent"}, []string{"canvas", "surface", "raised", "sunken", "hover"}},
	{4.5, []string{"text", "accent"}, []string{"accent-soft"}},
	{4.5, []string{"success", "text", "text-muted"}, []string{"success-soft"}},
	{4.5, []string{"warning", "text", "text-muted"}, []string{"warning-soft"}},
	{4.5, []string{"danger", "text", "text-muted"}, []string{"danger-soft"}},
	{4.5, []string{"danger", "success"}, []string{"canvas", "surface"}},
	{4.5, []string{"on-ink"}, []string{"ink-1", "ink-2"}},
	{4.5, []string{"on-danger"}, []string{"danger"}},
	{4.5, []string{"code-keyword", "code-name", "code-string", "code-number", "code-comment"}, []string{"surface"}},
	{3, []string{"line-strong", "warning"}, []string{"canvas", "surface"}},
	{3, []string{"accent", "danger"}, []string{"canvas", "surface"}},
	{1.3, []string{"line"}, []string{"surface"}}, // decoration: a frame that one sees
}

func TestColoursHaveContrast(t *testing.T) {
	tokens := styles(t)["styles/tokens.css"]
	for theme, name := range []string{"light", "dark"} {
		for _, pair := range pairs {
			for _, front := range pair.fronts {
				for _, ground := range pair.grounds {
					got := contrast(token(t, tokens, front, theme), token(t, tokens, ground, theme))
					if got < pair.least {
						t.Errorf("%s: --%s on --%s has a contrast of %.2f, want %.1f", name, front, ground, got, pair.least)
					}
				}
			}
		}
	}
}

func TestInitialsAreLegibleOnEveryHue(t *testing.T) {
	fills := regexp.MustCompile(`--avatar-fill: (#[0-9a-f]{6})`).FindAllStringSubmatch(styles(t)["avatar/avatar.css"], -1)
	if len(fills) != 12 {
		t.Fatalf("avatar.css has %d hues, avatar.Hue makes 12", len(fills))
	}
	for _, fill := range fills {
		if got := contrast(colour(t, "#ffffff"), colour(t, fill[1])); got < 4.5 {
			t.Errorf("white on %s has a contrast of %.2f, want 4.5", fill[1], got)
		}
	}
}

// token returns a colour of tokens.css in the light (0) or the dark (1) theme.
func token(t *testing.T, css, name string, theme int) [3]float64 {
	t.Helper()
	match := regexp.MustCompile(`--` + name + `: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindStringSubmatch(css)
	if match == nil {
		t.Fatalf("tokens.css has no colour --%s for both themes", name)
	}
	return colour(t, match[1+theme])
}

func colour(t *testing.T, hex string) (rgb [3]float64) {
	t.Helper()
	for i := range rgb {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		rgb[i] = float64(n) / 255
	}
	return rgb
}

// contrast is WCAG 2.2's ratio of relative luminances.
func contrast(a, b [3]float64) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(rgb [3]float64) float64 {
	weights := [3]float64{0.2126, 0.7152, 0.0722}
	sum := 0.0
	for i, c := range rgb {
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weights[i] * c
	}
	return sum
}
