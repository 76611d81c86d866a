module magpie.build/apps/server

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	golang.org/x/sync v0.25.0
	magpie.build/packages/pubsub v0.0.0
)

replace (
	magpie.build/packages/config => ../../packages/config
	magpie.build/packages/pubsub => ../../packages/pubsub
	magpie.build/packages/ui => ../../packages/ui
)
