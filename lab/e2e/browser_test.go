//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// page is the web chat in a Chromium of its own.
type page struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // it is the browser
}

// open shows the web chat to somebody with a language and a window. What the page complains of, such as a part that its own
// policy does not let in, fails the test.
func open(t *testing.T, language string, viewport chromedp.Action[chromedp.Void]) page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, closeAll := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(closeAll)
	ctx, closePage := chromedp.NewContext(ctx)
	t.Cleanup(closePage)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	console, listened := chromedp.Console(ctx), make(chan struct{})
	go func() {
		defer close(listened)
		for m, err := range console {
			if err == nil && (m.IsException() || m.Type == chromedp.ConsoleError) {
				t.Errorf("the page complains: %s (%s)", m.Text, m.URL)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-listened
	})
	p := page{t: t, ctx: ctx}
	p.do(viewport)
	p.prefer()
	_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "rt e2e", AcceptLanguage: language})
	if err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Navigate(world["RT_URL"]), chromedp.WaitVisible(chromedp.CSS("#line")))
	return p
}

// prefer asks for a page without motion, and for what else the reader prefers.
func (p page) prefer(features ...*emulation.MediaFeature) {
	p.t.Helper()
	features = append(features, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// say types a line and sends it with the keyboard.
func (p page) say(line string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS("#line"), line+kb.Enter))
}

// until waits for an expression to hold.
func (p page) until(expression string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

func (p page) text(selector string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// evaluate gives what a JavaScript expression is.
func evaluate[T any](p page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

// look fails where the page is wider than its window, and keeps a picture of it where RT_PICTURES names a folder.
func (p page) look(name string) {
	p.t.Helper()
	if evaluate[bool](p, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
		p.t.Error("the page scrolls sideways")
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if folder := os.Getenv("RT_PICTURES"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// newest is the card of the newest message.
const newest = "#messages > li:last-child .card"

func TestAScaleOnThePage(t *testing.T) {
	serve(t)
	must(t, 0, "/rt scale jenkins 1")
	p := open(t, "en", chromedp.EmulateViewport(1280, 900))
	evaluate[bool](p, `window.versions = new Set(), new MutationObserver(() => {
		const card = document.querySelector("`+newest+`");
		if (card) window.versions.add(card.querySelectorAll(".steps li.done").length);
	}).observe(document.getElementById("messages"), {childList: true, subtree: true}), true`)
	p.say("/rt scale jenkins 2")
	p.until(`document.querySelector("` + newest + `.good")?.textContent.includes("jenkins: replicas is now 2")`)
	wants(t, p.text(newest), "2 of 2 pods are ready", "planned", "committed", "detected", "synced", "verified", "replicas: 2")
	if n := evaluate[int](p, "window.versions.size"); n < 3 {
		t.Errorf("the reader saw %d stages of the card, want it to go through its steps", n)
	}
	links := evaluate[[]string](p, `[...document.querySelectorAll("`+newest+` dl a")].map(a => a.href)`)
	if len(links) != 2 || !strings.Contains(links[0], "/commit/") || !strings.Contains(links[1], "/applications/") {
		t.Errorf("got the links %q, want the commit and the Application", links)
	}
	wants(t, p.text("#operations > li:first-child"), "scale jenkins 2")
	if focused := evaluate[string](p, "document.activeElement.id"); focused != "line" {
		t.Errorf("the focus is on %q, want it on the line", focused)
	}
	p.look("desktop")
	p.prefer(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	if !evaluate[bool](p, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).every(c => c < 80)`) {
		t.Error("the page is light where the reader wants it dark")
	}
	p.look("desktop-dark")
	p.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#line")))
	wants(t, p.text(newest), "jenkins: replicas is now 2, and 2 of 2 pods are ready.")
	must(t, 0, "/rt scale jenkins 1")
}

// A danger is approved by somebody else, who presses the button with the keyboard.
func TestAnApprovalOnAPhoneInFrench(t *testing.T) {
	serve(t)
	must(t, 0, "/rt scale jenkins 1")
	p := open(t, "fr", chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	if got := evaluate[string](p, "document.documentElement.lang"); got != "fr" {
		t.Errorf("the page speaks %q, want fr", got)
	}
	p.do(chromedp.SetValue(chromedp.CSS("#as"), "bob"))
	p.say("/rt scale jenkins 0")
	p.do(chromedp.WaitVisible(chromedp.CSS(newest + " .buttons button")))
	wants(t, p.text(newest), "demande une approbation", "il ne reste aucun pod")
	p.look("phone-waiting")
	p.do(chromedp.SetValue(chromedp.CSS("#as"), "dave"), chromedp.Focus(chromedp.CSS(newest+" .buttons button")), chromedp.KeyEvent(kb.Enter))
	p.until(`[...document.querySelectorAll("#messages .card.good")].some(c => c.textContent.includes("jenkins : replicas vaut maintenant 0"))`)
	p.look("phone-done")
	p.say("/rt sclae <b>gitea</b> 2")
	p.until(`document.querySelector("` + newest + `")?.textContent.includes("scale")`)
	p.look("phone-misread")
	must(t, 0, "/rt scale jenkins 1")
}

// The form is filled in with the keyboard.
func TestAFormOnAPhone(t *testing.T) {
	serve(t)
	must(t, 0, "/rt scale jenkins 1")
	p := open(t, "en", chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	p.do(chromedp.Focus(chromedp.CSS("#fill summary")), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS("#form")))
	p.until(`document.activeElement.id === "field.verb"`)
	p.do(chromedp.SetValue(chromedp.CSS(`[id="field.verb"]`), "scale"), chromedp.SetValue(chromedp.CSS(`[id="field.app"]`), "jenkins"))
	p.look("phone-form")
	p.do(chromedp.SendKeys(chromedp.CSS(`[id="field.value"]`), "2"+kb.Enter))
	p.until(`document.querySelector("` + newest + `.good")?.textContent.includes("jenkins: replicas is now 2")`)
	if evaluate[bool](p, `document.getElementById("fill").open`) {
		t.Error("the form stays open")
	}
	must(t, 0, "/rt scale jenkins 1")
}
