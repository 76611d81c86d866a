module magpie.build/tools/create

go 1.26.0
