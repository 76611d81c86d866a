// Package config fills one struct from four layers: defaults, a TOML file, the environment and flags,
// each overriding the one before it.
//
//	type Config struct {
//		// Addr is where the server listens.
//		Addr string `env:"ADDR" default:"127.0.0.1:8080" check:"hostport"`
//		// RedisURL joins several servers into one chat.
//		RedisURL config.Secret `env:"REDIS_URL" check:"url=redis|rediss"`
//	}
//
//	//go:embed config.go
//	var source string
//
//	c, _, err := config.Load[Config](config.Options{
//		Name: "server", Args: os.Args[1:], Env: os.Environ(), Stdout: os.Stdout, Source: source,
//	})
//
// A field's comment is its documentation: the help page, .env.example and a reference page are all
// printed from the source above when they are asked for, so they cannot drift and nothing is generated.
//
// # Names
//
// A field has one name in three spellings. Its environment variable is the env tag, or else the field's
// name in upper case (AdminAddr is ADMIN_ADDR). The flag is -admin-addr and the key in the file is
// admin_addr. A nested struct is a prefix: Redis.URL is REDIS_URL, -redis-url, and url in the table
// [redis]; an embedded struct adds none. The tag env:"-" leaves a field out.
//
// # Maps
//
// A field that is a map of strings to structs takes any number of them, under names of lower-case
// letters, digits, - and _ that the file or the environment chooses: with Rooms map[string]Room, the
// setting Room.Size is size in a table [rooms.kitchen], and ROOMS_KITCHEN_SIZE. One that is named in both
// is one. There are no flags for them, and no maps in maps.
//
// # Types
//
// A field may be a string, a bool, a number, a [time.Duration], a []string (separated by commas outside
// the file), a *[net/url.URL], a [Secret], or anything that is an [encoding.TextUnmarshaler]. A variable
// that is set to nothing counts as not set; a flag may set a value to nothing.
//
// # Checks
//
// The check tag holds comma-separated rules: required, min=N and max=N (of a number or a duration, of
// the characters of a text, of the items of a list), oneof=a|b, hostport, url, and url=https|http for
// some schemes only; with words they hold for each word of a text. A type with a Validate() error
// method is asked as well, once all else is right.
//
// # Secrets
//
// A [Secret] cannot be printed by accident, has no flag, as every user of a machine can read the command
// lines on it, and may lie in a file named by its variable with _FILE added. No problem quotes it.
package config
