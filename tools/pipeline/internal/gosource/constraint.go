package gosource

import (
	"go/build"
	"go/build/constraint"
	"maps"
	"runtime"
	"strings"
)

// buildTags fills in the configuration's defaults and returns the tags that hold in it.
func buildTags(c *Config) map[string]bool {
	if c.GOOS == "" {
		c.GOOS = runtime.GOOS
	}
	if c.GOARCH == "" {
		c.GOARCH = runtime.GOARCH
	}
	tags := map[string]bool{c.GOOS: true, c.GOARCH: true, "gc": true}
	if also := impliedOS[c.GOOS]; also != "" {
		tags[also] = true
	}
	if unixOS[c.GOOS] {
		tags["unix"] = true
	}
	if c.CGO {
		tags["cgo"] = true
	}
	for _, tag := range build.Default.ReleaseTags {
		tags[tag] = true
	}
	maps.Copy(tags, experimentTags(c))
	for _, tag := range levelTags(c.GOARCH, c.Level) {
		tags[tag] = true
	}
	for _, tag := range c.Tags {
		tags[tag] = true
	}
	return tags
}

// matchName says whether the file name's suffix lets the file in: name_linux.go, name_arm64.s,
// name_linux_arm64_test.go. What stands before the first underscore does not count.
func (r *Reader) matchName(name string) bool {
	name, _, _ = strings.Cut(name, ".")
	_, suffix, found := strings.Cut(name, "_")
	if !found {
		return true
	}
	parts := strings.Split(strings.TrimSuffix("_"+suffix, "_test"), "_")[1:]
	n := len(parts)
	if n >= 2 && knownOS[parts[n-2]] && knownArch[parts[n-1]] {
		return r.tags[parts[n-2]] && r.tags[parts[n-1]]
	}
	if n >= 1 && (knownOS[parts[n-1]] || knownArch[parts[n-1]]) {
		return r.tags[parts[n-1]]
	}
	return true
}

// matchConstraint says whether a go:build expression holds.
func (r *Reader) matchConstraint(expression string) bool {
	if expression == "" {
		return true
	}
	expr, err := constraint.Parse("//go:build " + expression)
	if err != nil {
		return true
	}
	return expr.Eval(func(tag string) bool {
		if tag == "boringcrypto" {
			tag = "goexperiment.boringcrypto"
		}
		return r.tags[tag]
	})
}

// impliedOS names the system whose files another one takes too.
var impliedOS = map[string]string{"android": "linux", "illumos": "solaris", "ios": "darwin"}

// The lists below are those of the go command (internal/syslist). Names are only ever added to
// them, and TestMatchesGoBuild finds a new one.
var (
	unixOS = set("aix android darwin dragonfly freebsd hurd illumos ios linux netbsd openbsd solaris")

	knownOS = set("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 " +
		"solaris wasip1 windows zos")

	knownArch = set("386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 " +
		"mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm")
)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		all[word] = true
	}
	return all
}
