module magpie.build/packages/ui

go 1.26.0
