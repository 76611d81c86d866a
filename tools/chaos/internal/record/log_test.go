package record_test

import (
	"reflect"
	"testing"
	"time"

	"magpie.build/tools/chaos/internal/record"
)

func TestRunIsReadAsItWasRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	model := record.Model{System: "magpie", Topology: "memory", Nemesis: "mix", Seed: 7, Durable: true, HistorySize: 10, Notice: 5 * time.Second}
	log, err := record.Create(dir, model)
	if err != nil {
		t.Fatal(err)
	}
	log.Add(record.Event{Kind: record.Show, Who: "ann", Channel: "room", Key: "a", Epoch: "E", Offset: 3})
	log.Note("%d lines", 2)
	want := log.Events()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := record.Read(dir)
	if err != nil || got.Model != model || !reflect.DeepEqual(got.Events, want) {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
}
