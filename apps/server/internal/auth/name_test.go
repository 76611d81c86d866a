package auth_test

import (
	"errors"
	"strings"
	"testing"

	"magpie.build/apps/server/internal/auth"
)

func TestNamesThatCanBeShown(t *testing.T) {
	for given, want := range map[string]string{
		"Ada":                   "Ada",
		"  Ada  ":               "Ada",
		"Łukasz Żółć":           "Łukasz Żółć",
		"李雷":                    "李雷",
		"👩‍🚀":                   "👩‍🚀",
		"<b>":                   "<b>",
		strings.Repeat("ä", 40): strings.Repeat("ä", 40),
	} {
		if got, err := auth.CleanName(given); err != nil || got != want {
			t.Errorf("CleanName(%q) = %q, %v", given, got, err)
		}
	}
}

func TestNamesThatCannotBeShown(t *testing.T) {
	for _, name := range []string{
		"", " \t\n ", strings.Repeat("a", 41), "a\x00b", "a\nb", "\xff",
		"Ada\u202egnirts", "zero\u200bwidth", "\u2066isolate", "line\u2028end",
	} {
		_, err := auth.CleanName(name)
		if _, ok := errors.AsType[*auth.NameError](err); !ok {
			t.Errorf("CleanName(%q): %v, want a *NameError", name, err)
		}
	}
}

func TestUsersOfOneNameAreTwo(t *testing.T) {
	a, errA := auth.NewUser("Ada")
	b, errB := auth.NewUser("Ada")
	if errA != nil || errB != nil || a.ID == b.ID || a.ID == "" {
		t.Errorf("%v, %v, %v, %v", a, errA, b, errB)
	}
}
