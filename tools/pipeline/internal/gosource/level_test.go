package gosource_test

import (
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/gosource"
)

// Each architecture's levels let in the files that the go command lets in.
func TestLevelsAreTheGoCommands(t *testing.T) {
	root := tree(t)
	for tag := range strings.FieldsSeq("amd64.v1 amd64.v2 amd64.v3 amd64.v4 arm.5 arm.6 arm.7 arm64.v8.0 arm64.v8.2 arm64.v8.6 arm64.v8.9 arm64.v9.0 arm64.v9.1 " +
		"386.sse2 386.softfloat mips.hardfloat mipsle.softfloat mips64le.hardfloat ppc64.power9 ppc64le.power8 ppc64le.power10 " +
		"riscv64.rva20u64 riscv64.rva22u64 riscv64.rva23u64 wasm.satconv wasm.signext goexperiment.arenas goexperiment.regabiargs") {
		write(t, root, "lib/asm/level_"+strings.ReplaceAll(tag, ".", "-")+".go", "//go:build "+tag+"\n\npackage asm\n")
	}
	ws := load(t, root)
	for _, c := range []struct{ arch, variable, level, experiments string }{
		{"amd64", "GOAMD64", "", ""},
		{"amd64", "GOAMD64", "v3", "arenas"},
		{"amd64", "GOAMD64", "v4", "noregabi,noregabiargs"},
		{"386", "GO386", "", ""},
		{"386", "GO386", "softfloat", ""},
		{"arm", "GOARM", "", ""},
		{"arm", "GOARM", "6,softfloat", ""},
		{"arm64", "GOARM64", "", ""},
		{"arm64", "GOARM64", "v8.6,lse", ""},
		{"arm64", "GOARM64", "v9.1", ""},
		{"mips", "GOMIPS", "", ""},
		{"mipsle", "GOMIPS", "softfloat", ""},
		{"mips64le", "GOMIPS64", "softfloat", ""},
		{"ppc64", "GOPPC64", "power9", ""},
		{"ppc64le", "GOPPC64", "power10", ""},
		{"riscv64", "GORISCV64", "", ""},
		{"riscv64", "GORISCV64", "rva22u64", ""},
		{"riscv64", "GORISCV64", "rva23u64", ""},
	} {
		t.Run(c.variable+"="+c.level+" "+c.experiments, func(t *testing.T) {
			t.Setenv(c.variable, c.level)
			t.Setenv("GOEXPERIMENT", c.experiments)
			compare(t, ws, gosource.Config{GOOS: "linux", GOARCH: c.arch, Level: c.level, Experiments: c.experiments}, "lib/asm")
		})
	}
	t.Run("wasm", func(t *testing.T) { compare(t, ws, gosource.Config{GOOS: "js", GOARCH: "wasm"}, "lib/asm") })
}
