package query_test

import (
	"encoding/json"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/query"
)

type row struct {
	ID       string     `json:"id"`
	Tags     []string   `json:"tags"`
	Commands [][]string `json:"commands"`
	Cached   bool       `json:"cached"`
	Size     int        `json:"size"`
}

func tables(t *testing.T) map[string]query.Table {
	t.Helper()
	rows, err := query.NewTable([]row{
		{ID: "apps/web", Tags: []string{"slow", "front"}, Commands: [][]string{{"go", "build", "./..."}}, Cached: true, Size: 1},
		{ID: "apps/api", Tags: []string{}, Commands: [][]string{{"go", "vet"}, {"go", "build"}}, Size: 2},
		{ID: "packages/deep/ui", Tags: []string{"front"}, Commands: [][]string{}, Cached: true, Size: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]query.Table{"things": rows, "none": {}}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for where, want := range map[string]string{
		``:                                          "apps/web apps/api packages/deep/ui",
		`null`:                                      "apps/web apps/api packages/deep/ui",
		`{}`:                                        "apps/web apps/api packages/deep/ui",
		`{"id": "apps/web"}`:                        "apps/web",
		`{"id": "apps/*"}`:                          "apps/web apps/api",
		`{"id": "*/ui"}`:                            "",
		`{"id": "**/ui"}`:                           "packages/deep/ui",
		`{"id": ["apps/web", "**/ui"]}`:             "apps/web packages/deep/ui",
		`{"id": {"not": "apps/*"}}`:                 "packages/deep/ui",
		`{"id": {"not": ["apps/web", "**/ui"]}}`:    "apps/api",
		`{"cached": true}`:                          "apps/web packages/deep/ui",
		`{"cached": {"not": true}}`:                 "apps/api",
		`{"size": 2}`:                               "apps/api",
		`{"tags": "front"}`:                         "apps/web packages/deep/ui",
		`{"tags": {"not": "front"}}`:                "apps/api",
		`{"tags": "front", "cached": true}`:         "apps/web packages/deep/ui",
		`{"tags": "slow", "cached": false}`:         "",
		`[{"tags": "slow"}, {"cached": false}]`:     "apps/web apps/api",
		`{"commands": {"contains": "go build"}}`:    "apps/web apps/api",
		`{"commands": {"contains": "build ./"}}`:    "apps/web",
		`{"commands": "go vet"}`:                    "apps/api",
		`{"id": {"contains": "e"}, "tags": "slow"}`: "apps/web",
	} {
		text := `{"from": "things", "select": ["id"]}`
		if where != "" {
			text = `{"from": "things", "where": ` + where + `, "select": ["id"]}`
		}
		answer, err := query.Run(text, tables(t))
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		var got []string
		for _, r := range answer {
			id, _ := r["id"].(string)
			got = append(got, id)
			if len(r) != 1 {
				t.Errorf("%s: answers with %v, want the selected field alone", where, r)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
	}
}

func TestQueryAnswersWithAllFields(t *testing.T) {
	t.Parallel()
	answer, err := query.Run(`{"from": "things", "where": {"id": "apps/web"}}`, tables(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(answer)
	if want := `[{"cached":true,"commands":[["go","build","./..."]],"id":"apps/web","size":1,"tags":["slow","front"]}]`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if answer, err := query.Run(`{"from": "none"}`, tables(t)); err != nil || answer == nil || len(answer) != 0 {
		t.Errorf("of nothing: %v, %v, want an empty list", answer, err)
	}
}

func TestMistakesOfQueries(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                       "read the query: EOF",
		`things`:                                 "read the query: invalid character",
		`{"from": "thing"}`:                      `there is nothing called "thing" to select from` + "\n" + `hint: did you mean "things"?`,
		`{"form": "things"}`:                     `unknown field "form"`,
		`{"from": "things"} {}`:                  "there is more behind its end",
		`{"from": "things", "select": ["idd"]}`:  `things: there is no field "idd"` + "\n" + `hint: did you mean "id"?`,
		`{"from": "things", "where": {"i": ""}}`: `there is no field "i"`,
		`{"from": "things", "where": "x"}`:       "where: want an object of conditions",
		`{"from": "things", "where": {"id": {"is": "x"}}}`:             `where id: want one of {"not": condition}`,
		`{"from": "things", "where": {"id": {"not": "x", "is": "x"}}}`: `where id: want one of {"not": condition}`,
		`{"from": "things", "where": {"id": "a["}}`:                    `where id: "a[" is no pattern`,
		`{"from": "things", "where": {"id": ["a["]}}`:                  `where id: "a[" is no pattern`,
	} {
		answer, err := query.Run(text, tables(t))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want the error %s", text, answer, err, want)
		}
	}
}
