package main

import (
	"os"
	"strings"
	"testing"

	"magpie.build/packages/pubsub/redis"
)

// What the guide tells operators to allow is what the broker's tests run with.
func TestTheGuideNamesThePermissions(t *testing.T) {
	guide, err := os.ReadFile("../docs/content/scaling-out.md")
	if err != nil {
		t.Fatal(err)
	}
	if line := "\nACL SETUSER magpie on >password " + redis.Permissions + "\n"; !strings.Contains(string(guide), line) {
		t.Errorf("the guide on scaling out does not have%s", line)
	}
}
