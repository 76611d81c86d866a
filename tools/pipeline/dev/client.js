// The browser's half of dev: shows what is wrong, and reloads when a new process serves. It sets
// text only, so that it works under any policy that lets a script of the same origin run.
const page = new URL(import.meta.url).searchParams.get("generation");
let overlay = null;

function element(name, text, parent) {
  const made = document.createElement(name);
  made.textContent = text;
  parent.append(made);
  return made;
}

function hide() {
  overlay?.remove();
  overlay = null;
}

function show(report) {
  hide();
  overlay = document.createElement("dialog");
  overlay.className = "dev-overlay";
  overlay.setAttribute("aria-label", report.title);
  element("h2", report.title, overlay);
  element("pre", report.text, overlay);
  element("p", "This goes away once it is repaired. Escape hides it.", overlay);
  document.body.append(overlay);
  overlay.showModal();
}

const events = new EventSource("/__dev/events");
events.addEventListener("message", ({ data }) => {
  const state = JSON.parse(data);
  if (state.report) show(state.report);
  else if (String(state.generation) !== page) location.reload();
  else hide();
});
// A stream that stays open would keep the page from the browser's back and forward cache.
addEventListener("pagehide", () => events.close());
