// The browser's half of dev: shows what is wrong, and reloads when a new process serves another page.
// It sets text only, so that it works under any policy that lets a script of the same origin run.
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

// served returns what the server answers for this page, and which process did. Left out is what
// changes by itself: live regions, which ARIA marks, and hidden fields, which hold tokens.
//
// An XMLHttpRequest, because it alone parses a page where the policy demands trusted types.
async function served() {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.setRequestHeader("Accept", "text/html");
  request.setRequestHeader("Cache-Control", "no-cache");
  request.responseType = "document";
  await new Promise((resolve) => {
    request.addEventListener("loadend", resolve);
    request.send();
  });
  const html = request.response;
  if (!html) return null;
  for (const live of html.querySelectorAll("[aria-live], [role=log], [role=status], [role=alert], [role=timer]")) live.remove();
  for (const field of html.querySelectorAll("input[type=hidden]")) field.remove();
  return { generation: request.getResponseHeader("Dev-Generation"), text: html.documentElement.outerHTML };
}

// A page that would come out the same stays, with what was typed into it; one that keeps itself up
// to date goes on by itself, as it does in production.
const first = served();
async function renewed() {
  const [before, now] = [await first, await served()];
  if (before?.generation === page && now?.text === before.text) hide();
  else location.reload();
}

const events = new EventSource("/__dev/events");
events.addEventListener("message", ({ data }) => {
  const state = JSON.parse(data);
  if (state.report) show(state.report);
  else if (String(state.generation) !== page) void renewed();
  else hide();
});
// A stream that stays open would keep the page from the browser's back and forward cache.
addEventListener("pagehide", () => events.close());
