package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestOperatorsSeeWhatHappensWithoutReloading(t *testing.T) {
	s := start(t)
	browser := newBrowser(t)
	operator := newTab(browser, t)
	operator.run(chromedp.Navigate(s.adminURL))
	operator.eventually(`document.querySelector("h1").textContent === "This server"`)

	ada := enter(browser, t, s.url, "Ada")
	ada.say("hello")
	ada.sees("hello")
	operator.eventually(`[...document.querySelectorAll("tbody th")].some(th => th.textContent === "room:general")`)
	operator.eventually(`[...document.querySelectorAll("dt")].find(dt => dt.textContent === "Connections").nextElementSibling.textContent === "1"`)

	operator.run(chromedp.Click(`a[href="/connections?channel=room%3Ageneral"]`), chromedp.WaitVisible(".inspector-search"))
	operator.eventually(`document.querySelector("h1").textContent === "Subscribers of room:general"`)
	operator.eventually(`document.querySelectorAll("tbody tr").length === 1`)
	operator.run(chromedp.Click(`tbody a`), chromedp.WaitVisible("#subscriptions"))
	operator.eventually(`document.querySelector("h1").textContent.startsWith("Connection ")`)
	operator.eventually(`[...document.querySelectorAll("tbody th")].some(th => th.textContent === "room:general")`)
}

// TestInspectorPictures writes what the inspector looks like, for people to judge: INSPECTOR_PICTURES names a
// folder. What is checked is that no page is wider than its window.
func TestInspectorPictures(t *testing.T) {
	folder := os.Getenv("INSPECTOR_PICTURES")
	s := start(t)
	browser := newBrowser(t)
	for _, name := range []string{"Ada", "Grace", "Edsger"} {
		enter(browser, t, s.url, name).say("hello from " + name)
	}
	operator := newTab(browser, t)
	for name, path := range map[string]string{
		"overview": "/", "channels": "/channels", "connections": "/connections", "subscribers": "/connections?channel=room:general", "gone": "/connections/nobody",
	} {
		for _, scheme := range []string{"light", "dark"} {
			for width, file := range map[int64]string{1280: "wide", 390: "narrow"} {
				operator.run(
					chromedp.EmulateViewport(width, 900),
					preferring(scheme),
					chromedp.Navigate(s.adminURL+path))
				if evaluate[bool](operator, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
					t.Errorf("%s is wider than %d pixels", path, width)
				}
				if folder == "" {
					continue
				}
				picture, err := chromedp.Run(operator.ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(folder, strings.Join([]string{name, scheme, file}, "-")+".png"), picture, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// preferring has the window look as in a system that is light or dark.
func preferring(scheme string) func(context.Context, *chromedp.Target) (chromedp.Void, error) {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return chromedp.Void{}, err
	}
}
