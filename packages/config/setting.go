package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// A Setting is what a field of the struct declares.
type Setting struct {
	// Path is the field in Go: "Redis.URL".
	Path string
	// Env is the environment variable: "REDIS_URL".
	Env string
	// Flag is the flag without its dash: "redis-url". A secret has none, nor what stands in a map.
	Flag string
	// Key is the key in the file: "redis.url".
	Key string
	// Type is string, bool, int, uint, float, duration, list, url, secret, or the name of a Go type.
	Type string
	// Default is the value when no layer has one, in the form of the environment.
	Default string
	// Accepts says what the value must look like, such as "a duration, at least 1s".
	Accepts string
	// Required says that there must be a value and no default gives one.
	Required bool
	// Repeated says that the setting belongs to each entry of a map, under the entry's name. Where no
	// entry is meant, <name> stands for it, <NAME> in the environment. Such a setting has no flag.
	Repeated bool
	// Doc is the field's comment, as plain text.
	Doc string
}

// Secret says whether the value is one that must not be shown.
func (s Setting) Secret() bool { return s.Type == "secret" }

// scope is what a nested struct puts before the names of its fields.
type scope struct {
	path, env, key string
	repeated       bool // in a map
}

// nested returns the scope inside a struct field. An embedded struct adds no name of its own.
func (s scope) nested(name string, tag reflect.StructTag, embedded bool) scope {
	if embedded && tag.Get("env") == "" {
		return scope{s.path + name + ".", s.env, s.key, s.repeated}
	}
	env := envName(name, tag)
	return scope{s.path + name + ".", s.env + env + "_", s.key + strings.ToLower(env) + ".", s.repeated}
}

// repeat returns the scope inside a map field, for an entry of any name.
func (s scope) repeat(name string, tag reflect.StructTag) scope {
	in := s.nested(name, tag, false)
	return scope{in.path + entryName + ".", in.env + envSpelling(entryName) + "_", in.key + entryName + ".", true}
}

// setting returns what a field of the given type declares, and its rules.
func (s scope) setting(name, typ string, tag reflect.StructTag, envPrefix string) (Setting, rules, error) {
	env := envName(name, tag)
	out := Setting{
		Path:    s.path + name,
		Env:     envPrefix + s.env + env,
		Flag:    strings.ToLower(strings.ReplaceAll(s.env+env, "_", "-")),
		Key:     s.key + strings.ToLower(env),
		Type:    typ,
		Default: tag.Get("default"),
	}
	r, err := parseRules(tag.Get("check"), typ)
	if err != nil {
		return out, r, fmt.Errorf("config: field %s: %w", out.Path, err)
	}
	if out.Repeated = s.repeated; s.repeated {
		out.Flag = ""
	}
	out.Required, out.Accepts = r.required && out.Default == "", r.accepts(typ)
	if out.Secret() {
		out.Flag = ""
		if out.Default != "" {
			return out, r, fmt.Errorf("config: field %s: a secret that is a default is none", out.Path)
		}
	}
	return out, r, nil
}

func envName(name string, tag reflect.StructTag) string {
	if env := tag.Get("env"); env != "" {
		return env
	}
	return upperSnake(name)
}

// upperSnake turns AdminAddr into ADMIN_ADDR and RedisURL into REDIS_URL.
func upperSnake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		startsWord := unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if startsWord {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
