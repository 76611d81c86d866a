module magpie.build/tools/pipeline

go 1.26.0

require golang.org/x/mod v0.43.0

require github.com/magefile/mage v1.17.2 // indirect

tool github.com/magefile/mage
