package main

import (
	"context"
	"errors"
	"fmt"

	"magpie.build/tools/bench/internal/load"
	"magpie.build/tools/bench/internal/report"
	"magpie.build/tools/bench/internal/server"
)

// realtime measures the chat server of this workspace: at rest, at a fixed rate, and at the highest it holds.
// Each measurement has a fresh server.
func (o options) realtime(ctx context.Context, root, temp string, r *report.Report) error {
	o.say("building the server")
	program, err := server.Build(ctx, root, temp)
	if err != nil {
		return err
	}
	prefix, pinned := server.Pin()
	r.Machine.Pinned = pinned
	with := func(measure func(*server.Server) error) error {
		s, err := server.Start(ctx, program, prefix...)
		if err != nil {
			return err
		}
		return errors.Join(measure(s), s.Stop())
	}

	err = with(func(s *server.Server) error {
		o.say("%d idle connections", o.idle)
		idle, err := load.MeasureIdle(ctx, s, o.idle, o.rest)
		if errors.Is(err, server.ErrNoUsage) {
			r.Notes = append(r.Notes, "memory of idle connections: "+err.Error())
			return nil
		}
		r.Idle = &idle
		return err
	})
	if err != nil {
		return fmt.Errorf("measure idle connections: %w", err)
	}
	err = with(func(s *server.Server) error {
		o.say("fan-out: %d subscribers, %.0f publications a second", o.fanOut.Subscribers, o.fanOut.Rate)
		m, err := o.fanOut.Fixed(ctx, s)
		r.FanOut = append(r.FanOut, report.FanOutRow{Measured: m, Name: "fixed", Subscribers: o.fanOut.Subscribers})
		return err
	})
	if err != nil {
		return fmt.Errorf("measure the fixed rate: %w", err)
	}
	err = with(func(s *server.Server) error {
		o.say("fan-out: the highest rate with p99 below %v", load.MaxP99)
		m, err := o.fanOut.Highest(ctx, s, o.progress)
		r.FanOut = append(r.FanOut, report.FanOutRow{Measured: m, Name: "highest", Subscribers: o.fanOut.Subscribers})
		return err
	})
	if err != nil {
		return fmt.Errorf("look for the highest rate: %w", err)
	}
	return nil
}
