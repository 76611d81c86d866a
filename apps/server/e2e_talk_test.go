package main

import "testing"

func TestTwoPeopleSeeEachOthersMessages(t *testing.T) {
	s := start(t)
	browser := newBrowser(t)
	ada := enter(t, browser, s.url, "Ada", "general")
	bob := enter(t, browser, s.url, "Bob", "general")

	ada.say("hello Bob")
	bob.sees("hello Bob")
	bob.say("hello Ada")

	ada.seesAll("hello Bob", "hello Ada")
	bob.seesAll("hello Bob", "hello Ada")
	ada.eventually(`document.querySelectorAll("[data-presence] [data-user]").length === 2`)
}
