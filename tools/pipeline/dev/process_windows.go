package dev

import (
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

const executableSuffix = ".exe"

// group is a job object, which holds a process and all that it starts, and which Windows ends
// when this process ends. It is zero where no job could be made.
type group struct {
	job windows.Handle
	cmd *exec.Cmd
}

// ownGroup has a command run in a console group of its own, so that a break reaches it alone.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// adopt puts a command that was started into a job of its own.
func adopt(cmd *exec.Cmd) group {
	g := group{cmd: cmd}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return g
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return g
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid))
	if err == nil {
		err = windows.AssignProcessToJobObject(job, process)
		_ = windows.CloseHandle(process)
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return g
	}
	g.job = job
	return g
}

// terminate sends a break, which a Go program receives as an interrupt.
func (g group) terminate() {
	_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(g.cmd.Process.Pid))
}

func (g group) kill() {
	if g.job == 0 {
		_ = g.cmd.Process.Kill()
		return
	}
	_ = windows.TerminateJobObject(g.job, 1)
}

func whoHasPort(port string) string { return "`netstat -ano | findstr :" + port + "` names it" }
