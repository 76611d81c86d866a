package main

import "os/exec"

func group(*exec.Cmd) {}

// interrupt ends the command; Windows has no Ctrl-C for a program without a console.
func interrupt(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
