// Renews the live part of a page every two seconds, while somebody looks at it. What is selected or has the
// focus stays: numbers that change under a reader's hand are worse than old ones.

interface Policy {
  createHTML(html: string): string;
}

interface Factory {
  createPolicy(name: string, rules: { createHTML: (html: string) => string }): Policy;
}

const factory = (window as { trustedTypes?: Factory }).trustedTypes;
const rules = { createHTML: (html: string) => html };
// The one place where the page takes HTML from a string: what the server rendered.
const policy: Policy = factory?.createPolicy("inspector-html", rules) ?? rules;

const every = 2000;

function part(): HTMLElement | null {
  return document.querySelector<HTMLElement>("[data-live]");
}

function inUse(live: HTMLElement): boolean {
  const selection = document.getSelection();
  return Boolean(
    document.hidden ||
    (document.activeElement?.matches("a") && live.contains(document.activeElement)) ||
    (selection !== null && !selection.isCollapsed && live.contains(selection.anchorNode))
  );
}

async function renew(): Promise<void> {
  const live = part();
  if (!live || inUse(live)) {
    return;
  }
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) {
    throw new Error(response.statusText);
  }
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(await response.text());
  const fresh = template.content.querySelector<HTMLElement>("[data-live]");
  if (fresh && !inUse(live)) {
    const before = [...live.querySelectorAll(".table")];
    const focused = document.activeElement;
    const scrolled = before.map((table) => table.scrollLeft);
    live.replaceWith(fresh);
    fresh.querySelectorAll<HTMLElement>(".table").forEach((table, i) => {
      table.scrollLeft = scrolled[i] ?? 0;
      if (focused && before[i] === focused) {
        table.focus({ preventScroll: true });
      }
    });
  }
}

async function run(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, every));
    try {
      await renew();
      part()?.removeAttribute("data-stale");
    } catch {
      part()?.setAttribute("data-stale", "");
    }
  }
}

void run();
