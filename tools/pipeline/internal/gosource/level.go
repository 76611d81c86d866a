package gosource

import (
	"fmt"
	"go/build"
	"strconv"
	"strings"
)

// levelTags returns the tags that hold for an architecture's level, which is the value of GOAMD64 and its like: each level
// holds those below it. An empty or unknown level is the lowest, the go command's default (for arm the highest).
func levelTags(arch, level string) []string {
	level, _, _ = strings.Cut(level, ",")
	switch arch {
	case "amd64":
		return upTo("amd64.v%d", 1, number(level, "v", 1))
	case "arm":
		return upTo("arm.%d", 5, number(level, "", 7))
	case "arm64":
		return arm64Tags(level)
	case "386":
		return []string{"386." + or(level, "sse2")}
	case "mips", "mipsle", "mips64", "mips64le":
		return []string{arch + "." + or(level, "hardfloat")}
	case "ppc64", "ppc64le":
		return upTo(arch+".power%d", 8, number(level, "power", 8))
	case "riscv64":
		tags := []string{"riscv64.rva20u64"}
		for _, year := range []int{22, 23} {
			if number(strings.TrimSuffix(level, "u64"), "rva", 20) >= year {
				tags = append(tags, fmt.Sprintf("riscv64.rva%du64", year))
			}
		}
		return tags
	case "wasm":
		return []string{"wasm.satconv", "wasm.signext"}
	}
	return nil
}

// arm64Tags knows that v9.x holds v8.x+5.
func arm64Tags(level string) []string {
	minor := 0
	if before, after, ok := strings.Cut(level, "."); ok && (before == "v8" || before == "v9") {
		minor = number(after, "", 0)
	}
	if !strings.HasPrefix(level, "v9.") {
		return upTo("arm64.v8.%d", 0, minor)
	}
	return append(upTo("arm64.v9.%d", 0, minor), upTo("arm64.v8.%d", 0, min(minor+5, 9))...)
}

func upTo(format string, from, to int) []string {
	var tags []string
	for n := from; n <= to; n++ {
		tags = append(tags, fmt.Sprintf(format, n))
	}
	return tags
}

func number(level, prefix string, otherwise int) int {
	n, err := strconv.Atoi(strings.TrimPrefix(level, prefix))
	if err != nil {
		return otherwise
	}
	return n
}

func or(level, otherwise string) string {
	if level == "" {
		return otherwise
	}
	return level
}

// experimentTags returns the tags of the go command's experiments: those that this program's go command has on by itself,
// less and more those that GOEXPERIMENT names, and those that go with the target.
func experimentTags(c *Config) map[string]bool {
	const prefix = "goexperiment."
	tags := map[string]bool{}
	for _, tag := range build.Default.ToolTags {
		tags[tag] = strings.HasPrefix(tag, prefix)
	}
	tags[prefix+"dwarf5"] = c.GOOS != "darwin" && c.GOOS != "ios" && c.GOOS != "aix"
	for name := range strings.SplitSeq(c.Experiments, ",") {
		off, isOff := strings.CutPrefix(name, "no")
		switch {
		case name == "none":
			clear(tags)
		case isOff:
			tags[prefix+off] = false
		default:
			tags[prefix+name] = true
		}
	}
	switch c.GOARCH {
	case "s390x":
	case "amd64", "arm64", "loong64", "ppc64le", "ppc64", "riscv64":
		tags[prefix+"regabiwrappers"], tags[prefix+"regabiargs"] = true, true
	default:
		tags[prefix+"regabiwrappers"], tags[prefix+"regabiargs"] = false, false
	}
	return tags
}
