package config_test

import (
	_ "embed"
	"fmt"
	"os"
	"strings"

	"magpie.build/packages/config"
)

// Settings is what the example program needs.
type Settings struct {
	// Addr is where the server listens.
	Addr string `default:"127.0.0.1:8080" check:"hostport"`
	// LogLevel is the least severe level that is written.
	LogLevel string `default:"info" check:"oneof=debug|info|warn|error"`
	// Token lets a client in.
	Token config.Secret
}

//go:embed example_test.go
var source string

func ExampleLoad() {
	settings, values, err := config.Load[Settings](config.Options{
		Name: "server",
		Args: []string{"-log-level=debug"},
		Env:  []string{"TOKEN=hunter2"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(settings.Addr, settings.Token, settings.Token.Reveal())
	fmt.Print(strings.TrimSpace(values.String()))
	// Output:
	// 127.0.0.1:8080 [redacted] hunter2
	// ADDR       127.0.0.1:8080  default
	// LOG_LEVEL  debug           flag -log-level
	// TOKEN      [redacted]      environment TOKEN
}

func ExampleLoad_problems() {
	_, _, err := config.Load[Settings](config.Options{
		Name: "server",
		Args: []string{"-adr=:80", "-log-level", "loud"},
		Env:  []string{"ADDR=localhost"},
	})
	fmt.Println(err)
	// Output:
	// configuration of server: 3 problems
	//   -adr (flag): unknown flag; did you mean -addr?
	//   ADDR (environment): found "localhost", expected host:port, such as 127.0.0.1:8080
	//   -log-level (flag): found "loud", expected one of debug, info, warn, error
}

func ExampleLoad_help() {
	_, _, err := config.Load[Settings](config.Options{
		Name: "server", Args: []string{"-help"}, Source: source, Stdout: os.Stdout,
	})
	fmt.Println(err)
	// Output:
	// usage: server [flags]
	//
	// Settings is what the example program needs.
	//
	// A flag overrides the environment, which overrides the file, which overrides the default.
	// The file is TOML; its keys are the flags' names with _ for -, or a table for a group.
	//
	//   -addr, ADDR
	//         Addr is where the server listens.
	//         Host:port, such as 127.0.0.1:8080; default 127.0.0.1:8080.
	//   -log-level, LOG_LEVEL
	//         LogLevel is the least severe level that is written.
	//         One of debug, info, warn, error; default info.
	//   TOKEN
	//         Token lets a client in.
	//         A secret text; or TOKEN_FILE names a file that holds it.
	//
	//   -config, SERVER_CONFIG
	//         The file to read.
	//   -print-config
	//         Print every value and where it came from, secrets masked, and end.
	//   -env-example
	//         Print all variables in the form of an .env file, and end.
	//   -help
	//         Print this page, and end.
	// config: help was asked for
}

func ExampleDescribe() {
	d, err := config.Describe(config.Options{Source: source}, "Settings")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(d.EnvExample())
	// Output:
	// # Addr is where the server listens.
	// # Host:port, such as 127.0.0.1:8080; default 127.0.0.1:8080.
	// #ADDR=127.0.0.1:8080
	//
	// # LogLevel is the least severe level that is written.
	// # One of debug, info, warn, error; default info.
	// #LOG_LEVEL=info
	//
	// # Token lets a client in.
	// # A secret text; or TOKEN_FILE names a file that holds it.
	// #TOKEN=
}
