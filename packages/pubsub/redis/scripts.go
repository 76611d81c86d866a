package redis

import (
	_ "embed"
	"strings"

	"github.com/redis/rueidis"
)

//go:embed lua/epoch.lua
var epochLua string

//go:embed lua/publish.lua
var publishLua string

//go:embed lua/history.lua
var historyLua string

//go:embed lua/remove.lua
var removeLua string

//go:embed lua/member.lua
var memberLua string

//go:embed lua/enter.lua
var enterLua string

//go:embed lua/leave.lua
var leaveLua string

//go:embed lua/sweep.lua
var sweepLua string

//go:embed lua/gathered.lua
var gatheredLua string

// scripts are what must be one step, and the command that publishes in them and outside.
type scripts struct {
	publish, history, remove, enter, leave, sweep, gathered *rueidis.Lua
	publishCommand                                          string
	publishText                                             string // of publish
}

var (
	classic = newScripts("PUBLISH")
	sharded = newScripts("SPUBLISH")
)

func newScripts(publishCommand string) *scripts {
	text := func(parts ...string) string {
		return strings.ReplaceAll(strings.Join(parts, ""), "'PUBLISH'", "'"+publishCommand+"'")
	}
	script := func(parts ...string) *rueidis.Lua { return rueidis.NewLuaScript(text(parts...)) }
	publish := text(sabotaged(epochLua), publishLua)
	return &scripts{
		publish:        rueidis.NewLuaScript(publish),
		publishText:    publish,
		history:        script(sabotaged(epochLua), historyLua),
		remove:         script(removeLua),
		enter:          script(memberLua, enterLua),
		leave:          script(memberLua, leaveLua),
		sweep:          script(memberLua, sweepLua),
		gathered:       script(memberLua, gatheredLua),
		publishCommand: publishCommand,
	}
}
