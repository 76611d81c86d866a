package main

import (
	"strings"
	"testing"
)

func TestPeopleGoOnWhenTheServerIsRestartedUnderThem(t *testing.T) {
	dir := t.TempDir()
	first := start(t, "DATA_DIR="+dir)
	address := strings.TrimPrefix(first.url, "http://")
	browser := newBrowser(t)
	ada := enter(browser, t, first.url, "Ada")
	bob := enter(browser, t, first.url, "Bob")
	ada.say("before")
	bob.sees("before")
	ada.mark()
	bob.mark()

	first.stop()
	ada.offline()
	ada.say("while it was away") // on its way until somebody takes it
	ada.eventually(`document.querySelectorAll("[data-state=pending]").length === 1`)

	start(t, "DATA_DIR="+dir, "ADDR="+address)
	bob.sees("while it was away")
	bob.say("after")

	for _, p := range []person{ada, bob} {
		p.online()
		p.seesAll("before", "while it was away", "after")
		p.untouched()
	}
}

func TestPeopleGoOnWhenTheServerIsKilledUnderThem(t *testing.T) {
	dir := t.TempDir()
	first := start(t, "DATA_DIR="+dir)
	address := strings.TrimPrefix(first.url, "http://")
	browser := newBrowser(t)
	ada := enter(browser, t, first.url, "Ada")
	bob := enter(browser, t, first.url, "Bob")
	ada.say("acknowledged")
	bob.sees("acknowledged")
	ada.mark()

	first.kill()
	start(t, "DATA_DIR="+dir, "ADDR="+address)

	ada.online()
	ada.say("still here")
	bob.seesAll("acknowledged", "still here")
	ada.seesAll("acknowledged", "still here")
	ada.untouched()
}

func TestHistoryThatIsLostIsToldAndShownAsItIs(t *testing.T) {
	first := start(t, "DATA_DIR="+t.TempDir(), "SESSION_KEY="+strings.Repeat("k", 32))
	address := strings.TrimPrefix(first.url, "http://")
	browser := newBrowser(t)
	ada := enter(browser, t, first.url, "Ada")
	ada.say("soon forgotten")
	ada.sees("soon forgotten")

	first.stop()
	start(t, "DATA_DIR="+t.TempDir(), "SESSION_KEY="+strings.Repeat("k", 32), "ADDR="+address)

	ada.seesAll() // another epoch: the page shows what the room really holds
	ada.say("a new beginning")
	ada.seesAll("a new beginning")
}
