package redis

// Permissions are the rules that a user of a Redis ACL needs, and no more, for a broker with the prefix "magpie"
// over any kind of server, as in
//
//	ACL SETUSER magpie on >password <Permissions>
//
// Another prefix takes its place in ~magpie:* (keys) and &magpie:* (Pub/Sub channels). Sentinels have users of
// their own.
const Permissions = "resetkeys ~magpie:* resetchannels &magpie:* -@all " +
	"+hello +ping +select +client|setname +info +time +role +wait " +
	"+eval +evalsha +get +set +del +exists +pexpire +persist " +
	"+hget +hset +hdel +hmget +hgetall +hlen +hexists +hincrby +sadd +srem +smembers " +
	"+xadd +xlen +xrange +xrevrange " +
	"+publish +subscribe +unsubscribe +spublish +ssubscribe +sunsubscribe " +
	"+cluster|slots +cluster|shards +cluster|nodes +asking"
