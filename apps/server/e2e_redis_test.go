package main

import (
	"fmt"
	"testing"

	"magpie.build/packages/pubsub/redis/redistest"
)

func TestTwoServersAreOneChatAndOneMayDie(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	redis := redistest.Start(t, redistest.Options{})
	one, two := start(t, "REDIS_URL="+redis.URL()), start(t, "REDIS_URL="+redis.URL())
	front := balance(t, one, two)
	browser := newBrowser(t)

	front.prefer(one)
	ada := enter(browser, t, front.url(), "Ada")
	front.prefer(two)
	bob := enter(browser, t, front.url(), "Bob")
	ada.say("hello from the one")
	bob.sees("hello from the one")
	bob.say("hello from the other")
	ada.seesAll("hello from the one", "hello from the other")
	ada.eventually(`document.querySelectorAll("[data-presence] [data-user]").length === 2`)
	ada.mark()
	bob.mark()

	one.kill()
	want := []string{"hello from the one", "hello from the other"}
	for i := range 10 {
		text := fmt.Sprintf("number %d", i)
		bob.say(text)
		want = append(want, text)
	}
	ada.seesAll(want...)
	ada.say("I am here again")
	want = append(want, "I am here again")

	for _, p := range []person{ada, bob} {
		p.seesAll(want...)
		p.untouched()
	}
	// The dead server's people are gone, and Ada is here once, by the other.
	bob.eventually(`document.querySelectorAll("[data-presence] [data-user]").length === 2`)
}

func TestPeopleGoOnWhenRedisIsKilledUnderThem(t *testing.T) {
	if testing.Short() {
		t.Skip("needs redis-server")
	}
	redis := redistest.Start(t, redistest.Options{Append: true})
	server := start(t, "REDIS_URL="+redis.URL())
	browser := newBrowser(t)
	ada, bob := enter(browser, t, server.url, "Ada"), enter(browser, t, server.url, "Bob")
	ada.say("before")
	bob.sees("before")
	ada.mark()
	bob.mark()
	for _, text := range []string{"after", "and again"} { // its epoch has ended, nothing else has
		redis.Kill()
		redis.Restart()
		bob.say(text)
		ada.sees(text)
	}
	for _, p := range []person{ada, bob} {
		p.seesAll("before", "after", "and again")
		p.untouched()
	}
	enter(browser, t, server.url, "Cem").seesAll("before", "after", "and again") // its room still is
}
