// What the server rendered, found by name: a part that is missing is a mistake of ours, said at once.

export function part<T extends HTMLElement = HTMLElement>(root: ParentNode, name: string): T {
  const element = root.querySelector<T>(`[data-part="${name}"]`);
  if (!element) {
    throw new Error(`the page has no part "${name}"`);
  }
  return element;
}

// copy returns what a <template> part holds.
export function copy(root: ParentNode, name: string): HTMLElement {
  const template = part(root, name) as unknown as HTMLTemplateElement;
  const element = template.content.firstElementChild?.cloneNode(true);
  if (!(element instanceof HTMLElement)) {
    throw new Error(`the template "${name}" is empty`);
  }
  return element;
}

export function data(element: HTMLElement, name: string): string {
  return element.dataset[name] ?? "";
}
