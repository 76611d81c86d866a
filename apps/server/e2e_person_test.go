package main

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// person is somebody at a browser.
type person struct{ *tab }

// enter signs somebody in and takes them to the general room.
func enter(browser context.Context, t *testing.T, url, name string) person {
	t.Helper()
	p := person{newTab(browser, t)}
	p.run(
		chromedp.Navigate(url+"/rooms/general"),
		chromedp.WaitVisible("#name"),
		chromedp.SendKeys("#name", name+kb.Enter),
		chromedp.WaitVisible("[data-composer]"),
	)
	p.online()
	return p
}

func (p person) online() {
	p.t.Helper()
	p.eventually(`document.querySelector("[data-connection]").dataset.state === "online"`)
}

func (p person) offline() {
	p.t.Helper()
	p.eventually(`document.querySelector("[data-connection]").dataset.state === "offline"`)
}

// say types a message and sends it with the Enter key.
func (p person) say(text string) {
	p.t.Helper()
	p.run(chromedp.SendKeys("#composer-text", text+kb.Enter))
}

// messages is the page's list of confirmed messages' texts.
const messages = `[...document.querySelectorAll(".messages .message:not([data-state])")].map(m => m.querySelector("[data-part=text]").textContent.trim())`

// seen returns the texts on the page, oldest first.
func (p person) seen() []string {
	p.t.Helper()
	return evaluate[[]string](p.tab, messages)
}

// sees waits for a confirmed message.
func (p person) sees(text string) {
	p.t.Helper()
	p.eventually(fmt.Sprintf(`%s.includes(%s)`, messages, strconv.Quote(text)))
}

// seesAll waits until the page shows exactly these messages, in this order: none lost, none double.
func (p person) seesAll(texts ...string) {
	p.t.Helper()
	p.eventually(fmt.Sprintf(`JSON.stringify(%s) === JSON.stringify(%s)`, messages, list(texts)))
}

func list(texts []string) string {
	out := "["
	for _, text := range texts {
		out += strconv.Quote(text) + ","
	}
	return out + "]"
}

// mark leaves a trace in the page that a reload would wipe away.
func (p person) mark() {
	p.t.Helper()
	p.run(chromedp.Evaluate[chromedp.Void](`window.untouched = true`))
}

// untouched fails the test if the page was loaded again since mark.
func (p person) untouched() {
	p.t.Helper()
	if !evaluate[bool](p.tab, `window.untouched === true`) {
		p.t.Error("the page was loaded again")
	}
}
