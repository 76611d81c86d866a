//go:build !linux

package deploy

import "os/exec"

// dieWithParent does nothing: only Linux has it.
func dieWithParent(*exec.Cmd) {}
