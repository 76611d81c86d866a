package pipeline_test

import (
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/workspacetest"
)

// The property test would notice an engine whose keys left something out: each such engine is wrong before long.
func TestAnEngineThatOverlooksSomethingIsNoticed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("asks the go command after each edit")
	}
	needGo(t)
	elsewhere := serveElsewhere(t)
	for overlook, favoured := range map[string][]string{
		"embeds":       {workspacetest.Embeds},
		"go.sum":       {workspacetest.Sums},
		"go.sum lines": {workspacetest.Sums}, // takes the whole files
		"tags":         {workspacetest.Tags},
		"environment":  {workspacetest.Variables},
		"links":        {workspacetest.Links},
		"test imports": {workspacetest.Imports, workspacetest.Values},
	} {
		t.Run(overlook, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, elsewhere, *propertySeed)
			w.overlook, w.digests = overlook, true
			w.author.Favour(favoured...)
			if err := w.check(t.Context()); err != nil {
				t.Fatal(err)
			}
			for n := range 300 {
				failure := w.after(t.Context(), w.author.Edit())
				if failure == nil {
					continue
				}
				if text := failure.Error(); !strings.HasPrefix(text, "false hit") && !strings.HasPrefix(text, "needless rerun") {
					t.Errorf("what goes wrong is something else: %v", failure)
				}
				t.Logf("noticed after %d edits", n+1)
				return
			}
			t.Errorf("keys without %s do no harm in 300 edits", overlook)
		})
	}
}
