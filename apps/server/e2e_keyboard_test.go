package main

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focus is what has the focus, in words.
const focus = `(e => e.getAttribute("aria-label") || e.labels?.[0]?.textContent.trim() || e.textContent.trim())(document.activeElement)`

// tabTo presses Tab until something has the focus.
func (p person) tabTo(name string) {
	p.t.Helper()
	var passed []string
	for range 40 {
		p.run(chromedp.KeyEvent(kb.Tab))
		at := evaluate[string](p.tab, focus)
		if at == name {
			return
		}
		passed = append(passed, at)
	}
	p.t.Fatalf("Tab does not lead to %q but to %q", name, passed)
}

func (p person) press(keys string) { p.t.Helper(); p.run(chromedp.KeyEvent(keys)) }

func TestAllCanBeDoneByKeyboard(t *testing.T) {
	s := start(t)
	ada := person{newTab(newBrowser(t), t)}
	ada.run(chromedp.Navigate(s.url), chromedp.WaitVisible("#name"))
	ada.press("Ada" + kb.Enter) // the field has the focus
	ada.run(chromedp.WaitVisible("#room-name"))
	ada.tabTo("Skip to content")
	ada.press(kb.Enter)
	ada.tabTo("General")
	ada.press(kb.Enter)
	ada.run(chromedp.WaitVisible("[data-composer]"))
	ada.online()

	ada.press("first line") // the composer has the focus
	ada.run(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierShift)))
	ada.press("second line" + kb.Enter)
	ada.sees("first line\nsecond line")
	ada.tabTo("Random")
	ada.press(kb.Enter)
	ada.run(chromedp.WaitVisible(`//h1[contains(., "Random")]`))
	ada.tabTo("Sign out")
	ada.press(kb.Enter)
	ada.run(chromedp.WaitVisible("#name"))
}
