module magpie.build/packages/config

go 1.26.0
