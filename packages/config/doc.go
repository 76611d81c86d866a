// Package config fills a struct from defaults, a file, the environment and flags.
package config
