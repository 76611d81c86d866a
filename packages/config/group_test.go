package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"magpie.build/packages/config"
)

// house has rooms that its input names.
type house struct {
	Name  string `default:"home"`
	Rooms map[string]room
}

// room is one of them.
type room struct {
	// Size is how many it holds.
	Size int           `default:"4" check:"min=1,max=10"`
	Key  config.Secret `env:"KEY"`
	// Lamps is a list.
	Lamps   []string
	MaxSize int
	Heating heating
}

type heating struct {
	For time.Duration `default:"1h"`
}

func loadHouse(t *testing.T, file string, env ...string) (house, config.Values, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "house.toml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load[house](config.Options{Name: "house", Env: append(env, "HOUSE_CONFIG="+path)})
}

func TestMapsHoldWhatTheInputNames(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(secret, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, values, err := loadHouse(t, `
name = "mine"
[rooms.kitchen]
size = 2
lamps = ["a", "b"]
heating.for = "5m"
[rooms]
hall = {size = 3}
[rooms.living-room.heating]
for = "2m"
[rooms.empty]
`, "ROOMS_KITCHEN_SIZE=5", "ROOMS_LIVING_ROOM_LAMPS=c,d", "ROOMS_ATTIC_MAX_SIZE=7", "ROOMS_ATTIC_KEY_FILE="+secret, "ROOMS_CELLAR_HEATING_FOR=3m", "ROOMS_GONE_SIZE=")
	if err != nil {
		t.Fatal(err)
	}
	hour := heating{time.Hour}
	want := map[string]room{
		"kitchen":     {Size: 5, Lamps: []string{"a", "b"}, Heating: heating{5 * time.Minute}},
		"hall":        {Size: 3, Heating: hour},
		"living-room": {Size: 4, Lamps: []string{"c", "d"}, Heating: heating{2 * time.Minute}},
		"empty":       {Size: 4, Heating: hour},
		"attic":       {Size: 4, MaxSize: 7, Heating: hour},
		"cellar":      {Size: 4, Heating: heating{3 * time.Minute}},
	}
	if key := got.Rooms["attic"].Key.Reveal(); key != "from a file" {
		t.Errorf("the key is %q", key)
	}
	for name, r := range got.Rooms {
		r.Key = config.Secret{}
		if !reflect.DeepEqual(r, want[name]) {
			t.Errorf("%s: got %+v, want %+v", name, r, want[name])
		}
	}
	if len(got.Rooms) != len(want) || got.Name != "mine" {
		t.Errorf("got %+v", got)
	}
	if text := values.String(); !strings.Contains(text, "ROOMS_KITCHEN_SIZE") || strings.Contains(text, "from a file") {
		t.Errorf("the values are\n%s", text)
	}
}

func TestMapThatNobodyFillsIsNil(t *testing.T) {
	if got, _, err := loadHouse(t, ""); err != nil || got.Rooms != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestProblemsInMapsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		env  string
		want string
	}{
		"a value":             {"[rooms.hall]\nsize = 0", "", "rooms.hall.size"},
		"a variable's value":  {"", "ROOMS_HALL_SIZE=99", "ROOMS_HALL_SIZE (environment): found \"99\", expected a whole number, 1 to 10"},
		"an unknown key":      {"[rooms.hall]\nsiz = 1", "", "unknown key; did you mean rooms.hall.size?"},
		"an unknown variable": {"[rooms.hall]\nsize = 1", "ROOMS_HALL_SZE=1", "ROOMS_HALL_SZE (environment): unknown variable; did you mean ROOMS_HALL_SIZE?"},
		"a name":              {"[rooms.Hall]\nsize = 1", "", `"Hall" is no name`},
		"a list of tables":    {"[[rooms]]\nsize = 1", "", "a list of tables is not a setting"},
		"no table":            {"rooms = 3", "", "unknown key"},
		"two of one variable": {"[rooms.a-b]\n[rooms.a_b]", "", "the name ROOMS_A_B_SIZE is taken"},
	} {
		_, _, err := loadHouse(t, c.file, c.env)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestMapsAreDescribed(t *testing.T) {
	source := `package p
// House is one.
type House struct {
	Rooms map[string]Room
}
type Room struct {
	// Size is how many it holds.
	Size int ` + "`default:\"4\" check:\"required\"`" + `
	Key config.Secret
}`
	d, err := config.Describe(config.Options{Source: source}, "House")
	if err != nil || len(d.Settings) != 2 {
		t.Fatalf("got %+v, %v", d, err)
	}
	size := d.Settings[0]
	if size.Env != "ROOMS_<NAME>_SIZE" || size.Key != "rooms.<name>.size" || size.Flag != "" || !size.Repeated || size.Doc != "Size is how many it holds." {
		t.Errorf("got %+v", size)
	}
	if example := d.EnvExample(); !strings.Contains(example, "#ROOMS_<NAME>_SIZE=4\n") || !strings.Contains(example, "#ROOMS_<NAME>_KEY=\n") {
		t.Errorf("the example is\n%s", example)
	}
}

func TestMapsInMapsAreAMistake(t *testing.T) {
	type deep struct {
		A map[string]struct{ B map[string]struct{ C int } }
	}
	if _, _, err := config.Load[deep](config.Options{Name: "deep"}); err == nil || !strings.Contains(err.Error(), "a map in a map") {
		t.Errorf("got %v", err)
	}
}

// A foreign file and variable end in rooms or in problems, never in a panic.
func FuzzMaps(f *testing.F) {
	f.Add("[rooms.a]\nsize = 1\n[rooms]\nb = {heating = {for = '1s'}}", "ROOMS_C_SIZE=2")
	f.Add("rooms.a.b.c = 1\n[rooms.\"x.y\"]\n[[rooms.a]]", "ROOMS__SIZE=1\nROOMS_SIZE=2\nROOMS_A_KEY=k")
	f.Fuzz(func(t *testing.T, file, env string) {
		if strings.Contains(env, "_FILE=") || strings.Contains(env, "_CONFIG=") {
			t.Skip("would read files of this machine")
		}
		got, _, err := loadHouse(t, file, strings.Split(env, "\n")...)
		if err != nil {
			return
		}
		for name, r := range got.Rooms {
			if name == "" || r.Size < 1 || r.Size > 10 {
				t.Errorf("%q is %+v", name, r)
			}
		}
	})
}
