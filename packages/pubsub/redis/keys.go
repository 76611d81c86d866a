package redis

import "strings"

// keys names everything in Redis. All keys of a channel have the channel as hash tag, and so lie in
// one slot of a cluster; all of a node likewise.
type keys struct{ prefix string }

// braces keeps a channel's name from beginning or ending a hash tag.
var braces = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")

// unbraces undoes braces.
var unbraces = strings.NewReplacer("%25", "%", "%7B", "{", "%7D", "}")

func (k keys) of(kind, tag string) string { return k.prefix + ":" + kind + ":{" + tag + "}" }

// feed is the Pub/Sub channel.
func (k keys) feed(channel string) string { return k.of("feed", braces.Replace(channel)) }

func (k keys) head(channel string) string    { return k.of("head", braces.Replace(channel)) }
func (k keys) stream(channel string) string  { return k.of("stream", braces.Replace(channel)) }
func (k keys) members(channel string) string { return k.of("members", braces.Replace(channel)) }

// users is how many members of a channel each user has.
func (k keys) users(channel string) string { return k.of("users", braces.Replace(channel)) }

// presence are the keys that know who is in a channel.
func (k keys) presence(channel string) []string {
	return []string{k.members(channel), k.users(channel)}
}

// answer holds what a publish under an idempotency key was answered.
func (k keys) answer(channel, key string) string {
	return k.of("answer", braces.Replace(channel)) + ":" + key
}

// nodes is the set of all nodes that may have members.
func (k keys) nodes() string { return k.prefix + ":nodes" }

// lease exists as long as the node lives.
func (k keys) lease(node string) string { return k.of("lease", node) }

// rooms is the set of channels where the node has, or had, members.
func (k keys) rooms(node string) string { return k.of("rooms", node) }

// probe is the Pub/Sub channel where a node hears itself.
func (k keys) probe(node string) string { return k.of("probe", node) }

// channel is the inverse of feed.
func (k keys) channel(feed string) (channel string, ok bool) {
	tag, ok := strings.CutPrefix(feed, k.prefix+":feed:{")
	if !ok {
		return "", false
	}
	tag, ok = strings.CutSuffix(tag, "}")
	if ok && strings.Contains(tag, "%") {
		tag = unbraces.Replace(tag)
	}
	return tag, ok
}
