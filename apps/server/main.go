// Command server is Magpie's chat server: pages, a realtime endpoint, and an admin port. One alone keeps
// its history on disk; any number of them with the same REDIS_URL are one chat.
//
//	server -help
//	server doctor   # says whether the machine has what the server needs
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"magpie.build/apps/server/internal/telemetry"
	"magpie.build/packages/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // who interrupts a second time does not want to wait
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// run is the whole program: it serves until ctx ends. Results go to stdout, the log to stderr.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	examine := len(args) > 0 && args[0] == doctorCommand
	if examine {
		args = args[1:]
	}
	c, err := loadConfig(args, env, stdout)
	if errors.Is(err, config.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if examine {
		return runDoctor(ctx, c, stdout)
	}
	log := c.logger(stderr)
	exports, err := telemetry.Open(ctx, env, log)
	if err != nil {
		return err
	}
	defer exports.Close(ctx)
	broker, err := openBroker(ctx, c, log)
	if err != nil {
		return err
	}
	app, err := newApp(ctx, c, broker, exports, log)
	if err == nil {
		err = app.run(ctx)
	}
	return errors.Join(err, broker.Close())
}
