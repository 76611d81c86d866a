package main

import "testing"

func TestTwoPeopleSeeEachOthersMessages(t *testing.T) {
	s := start(t)
	browser := newBrowser(t)
	ada := enter(browser, t, s.url, "Ada")
	bob := enter(browser, t, s.url, "Bob")

	ada.say("hello Bob")
	bob.sees("hello Bob")
	bob.say("hello Ada")

	ada.seesAll("hello Bob", "hello Ada")
	bob.seesAll("hello Bob", "hello Ada")
	ada.eventually(`document.querySelectorAll("[data-presence] [data-user]").length === 2`)
}
