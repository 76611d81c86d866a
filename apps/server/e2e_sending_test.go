package main

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestRefusedMessageCanBeTriedAgainOrDiscarded(t *testing.T) {
	s := start(t)
	browser := newBrowser(t)
	ada := enter(browser, t, s.url, "Ada")
	// The server refuses control characters; keyboards have none, but clipboards do.
	ada.run(chromedp.Evaluate[chromedp.Void](`{
		const text = document.querySelector("#composer-text");
		text.value = "bell\u0007";
		text.form.requestSubmit();
	}`))
	ada.eventually(`document.querySelector("[data-state=failed] [data-part=problem]")?.textContent.includes("control characters")`)
	ada.run(chromedp.Click("[data-state=failed] [data-part=retry]"))
	ada.eventually(`!!document.querySelector("[data-state=failed]")`)
	ada.run(chromedp.Click("[data-state=failed] [data-part=discard]"))
	ada.eventually(`!document.querySelector("[data-state]:is(.message)")`)
	ada.say("fine")
	ada.seesAll("fine")
}

func TestDraftSurvivesLeavingTheRoom(t *testing.T) {
	s := start(t)
	ada := enter(newBrowser(t), t, s.url, "Ada")
	ada.run(
		chromedp.SendKeys("#composer-text", "half a thou"),
		chromedp.Navigate(s.url+"/rooms/random"),
		chromedp.WaitVisible("[data-composer]"),
	)
	ada.online()
	if got := evaluate[string](ada.tab, `document.querySelector("#composer-text").value`); got != "" {
		t.Errorf("the other room's composer holds %q", got)
	}
	ada.run(chromedp.Navigate(s.url+"/rooms/general"), chromedp.WaitVisible("[data-composer]"))
	ada.eventually(`document.querySelector("#composer-text").value === "half a thou"`)
}

func TestWhoLeavesIsNoLongerListedAndTwoWindowsAreOnePerson(t *testing.T) {
	s := start(t)
	browser := newBrowser(t)
	ada := enter(browser, t, s.url, "Ada")
	bob := enter(browser, t, s.url, "Bob")
	here := func(names string) {
		t.Helper()
		ada.eventually(`[...document.querySelectorAll("[data-presence] [data-part=name]")].map(e => e.textContent).join() === "` + names + `"`)
	}
	here("Ada,Bob")
	ada.run(chromedp.Evaluate[chromedp.Void](`void window.open(location.href)`))
	here("Ada,Bob")
	bob.run(chromedp.Navigate(s.url + "/rooms"))
	here("Ada")
}

func TestOlderMessagesComeByScrollingUpAndReadersStayWhereTheyAre(t *testing.T) {
	s := start(t)
	browser := newBrowser(t)
	ada := enter(browser, t, s.url, "Ada")
	bob := enter(browser, t, s.url, "Bob")
	ada.run(chromedp.Evaluate[chromedp.Void](`{
		const text = document.querySelector("#composer-text");
		for (let i = 0; i < 120; i++) { text.value = "line " + i; text.form.requestSubmit(); }
	}`))
	ada.sees("line 119")
	bob.sees("line 119")

	bob.run(chromedp.Navigate(s.url+"/rooms/general"), chromedp.WaitVisible("[data-composer]"))
	bob.online()
	const atEnd = `(l => l.scrollHeight - l.scrollTop - l.clientHeight < 2)(document.querySelector(".messages"))`
	bob.eventually(atEnd)
	if n := len(bob.seen()); n != 50 {
		t.Errorf("%d messages at first", n)
	}
	for range 2 {
		n := len(bob.seen())
		bob.run(chromedp.Evaluate[chromedp.Void](`document.querySelector(".messages").scrollTop = 0`))
		bob.eventually(`document.querySelectorAll(".messages .message").length > ` + strconv.Itoa(n))
	}
	seen := bob.seen()
	if len(seen) != 120 || seen[0] != "line 0" || seen[119] != "line 119" {
		t.Errorf("%d messages, from %q to %q", len(seen), seen[0], seen[len(seen)-1])
	}

	ada.say("news")
	bob.eventually(`document.querySelector("[data-part=latest-text]").textContent === "1 new message"`)
	if evaluate[bool](bob.tab, atEnd) {
		t.Error("a reader of old messages was taken to the end")
	}
	bob.run(chromedp.Click("[data-part=latest]"))
	bob.eventually(atEnd)
	bob.eventually(`document.querySelector("[data-part=latest]").hidden`)
}
