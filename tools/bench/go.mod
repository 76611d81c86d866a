module magpie.build/tools/bench

go 1.26.0

require golang.org/x/sync v0.25.0

require github.com/coder/websocket v1.8.15

require golang.org/x/mod v0.43.0
