package redis

import (
	"strings"
	"testing"
)

// hostile are names of channels that would be something else in a key, if they could.
var hostile = []string{
	"a", "{a}", "a}", "{a", "}{", "{}", "a}:b", "a}:{b", "a:{b}", "%7Ba%7D", "%", "%25", "a:b", "*", "?", "[a]", `a\b`,
	"a b", "a\tb", "head:{a}", "}:x", "p:stream:{a}", "nodes", "é", "ä{ö}ü",
}

// No two things in Redis have one key, and all keys of a channel lie in the slot of its name.
func TestNamesOfChannelsReachNoOtherKeys(t *testing.T) {
	k := keys{"p"}
	seen := map[string]string{k.nodes(): "the nodes"}
	for _, node := range hostile[:1] {
		for what, key := range map[string]string{"lease": k.lease(node), "rooms": k.rooms(node), "probe": k.probe(node)} {
			seen[key] = what
		}
	}
	for _, channel := range hostile {
		tag := braces.Replace(channel)
		for what, key := range map[string]string{
			"feed": k.feed(channel), "head": k.head(channel), "stream": k.stream(channel), "members": k.members(channel),
			"answer to a": k.answer(channel, "a"), "answer to }": k.answer(channel, "}"), "answer to nothing": k.answer(channel, ""),
			"answer to a tag": k.answer(channel, "{b}"),
		} {
			what += " of " + channel
			if other, taken := seen[key]; taken {
				t.Errorf("%s and %s are both %s", what, other, key)
			}
			seen[key] = what
			if got := hashTag(key); got != tag {
				t.Errorf("%s lies in the slot of %q, want %q", what, got, tag)
			}
		}
	}
}

// hashTag is the part of a key that Redis Cluster hashes: between the first { and the next }, unless that
// is nothing.
func hashTag(key string) string {
	_, after, opened := strings.Cut(key, "{")
	tag, _, closed := strings.Cut(after, "}")
	if !opened || !closed || tag == "" {
		return key
	}
	return tag
}
