// The one place where the page takes HTML from a string: rows that the server rendered, and nothing else.
// The page's policy lets no other script do so.

interface Policy {
  createHTML(html: string): string;
}

interface Factory {
  createPolicy(name: string, rules: { createHTML: (html: string) => string }): Policy;
}

const factory = (window as { trustedTypes?: Factory }).trustedTypes;
const rules = { createHTML: (html: string) => html };
const policy: Policy = factory?.createPolicy("chat-html", rules) ?? rules;

// rendered returns the element that the server rendered, not yet in the page.
export function rendered(html: string): HTMLElement | null {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  const element = template.content.firstElementChild;
  return element instanceof HTMLElement ? element : null;
}

// fetched returns the element at a path of this server, or null where there is none to be had now.
export async function fetched(path: string): Promise<HTMLElement | null> {
  try {
    const response = await fetch(path, { headers: { Accept: "text/html" } });
    return response.ok ? rendered(await response.text()) : null;
  } catch {
    return null;
  }
}
