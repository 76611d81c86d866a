module magpie.build/packages/pubsub

go 1.26.0
