// Package e2e holds the tests of the whole server: the real binary, a real browser and a real Redis.
//
// They need Chromium and redis-server, which `go tool mage doctor` looks for; CHROMIUM names the browser
// where it has another name. With -short they do not run.
package e2e
