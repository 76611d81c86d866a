//go:build unix

package redistest

import "syscall"

// CutReplication stops the replica and ends its link: what the master is told from now on, and
// acknowledges, gets nowhere else. Until [Sentinel.FailOver] nobody can be promoted.
func (s *Sentinel) CutReplication() {
	s.tb.Helper()
	s.Replica.Signal(syscall.SIGSTOP)
	s.Master.Do("CLIENT", "KILL", "TYPE", "replica")
}

// FailOver kills the master as kill -9 does and lets the replica go on, if it was stopped. The Sentinel
// promotes it within seconds; FailOver does not wait for that.
func (s *Sentinel) FailOver() {
	s.tb.Helper()
	s.Do("SENTINEL", "SET", "main", "down-after-milliseconds", "500")
	s.Master.Kill()
	s.Replica.Signal(syscall.SIGCONT)
}
