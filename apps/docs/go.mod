module magpie.build/apps/docs

go 1.26.0

require (
	github.com/alecthomas/chroma/v2 v2.27.0
	golang.org/x/tools v0.52.0
)

require (
	github.com/dlclark/regexp2/v2 v2.2.1 // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	golang.org/x/mod v0.43.0 // indirect
	golang.org/x/sync v0.25.0 // indirect
)

replace (
	magpie.build/packages/config => ../../packages/config
	magpie.build/packages/ui => ../../packages/ui
)
