package main

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/chromedp/cdproto/cdp"
)

// withoutScripts has the browser run none.
func withoutScripts(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
	_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return chromedp.Void{}, err
}

func TestPagesWorkWithoutScripts(t *testing.T) {
	s := start(t)
	browser := newBrowser(t)
	ada := enter(browser, t, s.url, "Ada")
	ada.say("with scripts")
	ada.sees("with scripts")

	bob := newTab(browser, t)
	bob.run(
		withoutScripts,
		chromedp.Navigate(s.url),
		chromedp.WaitVisible("#name"),
		chromedp.SendKeys("#name", "Bob"+kb.Enter),
		chromedp.WaitVisible("#room-name"),
		chromedp.SendKeys("#room-name", "Paper and ink"+kb.Enter),
		chromedp.WaitVisible("[data-composer]"),
		chromedp.Click(`a[href="/rooms/general"]`),
		chromedp.WaitVisible(".messages .message"),
		chromedp.SendKeys("#composer-text", "without scripts"),
		chromedp.Click("#composer button"),
	)
	ada.seesAll("with scripts", "without scripts")
	bob.run(chromedp.WaitVisible(`//*[@data-part="text"][contains(., "without scripts")]`))
}
