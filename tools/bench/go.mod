module magpie.build/tools/bench

go 1.26.0
