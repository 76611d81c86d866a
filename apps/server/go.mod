module magpie.build/apps/server

go 1.26.0

require (
	magpie.build/packages/config v0.0.0
	magpie.build/packages/pubsub v0.0.0
	magpie.build/packages/ui v0.0.0
)

replace (
	magpie.build/packages/config => ../../packages/config
	magpie.build/packages/pubsub => ../../packages/pubsub
	magpie.build/packages/ui => ../../packages/ui
)
