package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

func TestARoomWithTooManyToListIsCounted(t *testing.T) {
	s := start(t, "NAMESPACES_ROOM_PRESENCE_MAX_NAMED=2")
	browser := newBrowser(t)
	ada := enter(browser, t, s.url, "Ada")
	bob := enter(browser, t, s.url, "Bob")
	const listed = `document.querySelectorAll("[data-presence] [data-user]").length === 2`
	ada.eventually(listed)
	cem := enter(browser, t, s.url, "Cem")
	for _, person := range []person{ada, bob, cem} {
		person.eventually(`document.querySelector("[data-presence]").textContent === "3 people: too many to list"`)
		person.eventually(`document.querySelector("[data-part=people-count]").textContent === "3"`)
	}
	cem.run(chromedp.Navigate("about:blank"))
	ada.eventually(listed)
	bob.eventually(listed)
}
