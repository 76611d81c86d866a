package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exported asks a server for its metrics, and returns their kinds by name.
func exported(t *testing.T, s *server) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	for line := range strings.Lines(fetch(t, s.adminURL+"/metrics")) {
		var name, kind string
		if n, _ := fmt.Sscanf(line, "# TYPE %s %s", &name, &kind); n == 2 {
			kinds[name] = kind
		}
	}
	return kinds
}

// fetch returns what an address answers, which must be with 200.
func fetch(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s, %v\n%s", url, response.Status, err, body)
	}
	return string(body)
}

func TestEveryMetricIsInTheGuideAndNoOther(t *testing.T) {
	guide, err := os.ReadFile("../docs/content/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(magpie_[a-z_]+)` \\| ([a-z]+) \\| .+ \\|$").FindAllStringSubmatch(string(guide), -1) {
		documented[row[1]] = row[2]
	}
	kinds := exported(t, start(t))
	for name, kind := range kinds {
		if strings.HasPrefix(name, "magpie_") && documented[name] != kind {
			t.Errorf("%s is a %s; the guide on operations says %q", name, kind, documented[name])
		}
	}
	for name := range documented {
		if kinds[name] == "" {
			t.Errorf("the guide on operations has %s, and the server does not", name)
		}
	}
}

func TestTheBoardShowsEveryMetricAndNoOther(t *testing.T) {
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	kinds := exported(t, start(t))
	var shown []string
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			for _, name := range regexp.MustCompile(`\b(magpie|process|go)_[a-z_]+`).FindAllString(target.Expr, -1) {
				if family := strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"); kinds[family] == "histogram" {
					name = family
				}
				if kinds[name] == "" {
					t.Errorf("panel %q shows %s, which the server does not have", panel.Title, name)
				}
				shown = append(shown, name)
			}
		}
	}
	for name := range kinds {
		if strings.HasPrefix(name, "magpie_") && !slices.Contains(shown, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}
