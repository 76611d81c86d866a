// Search: "/" or Ctrl+K opens a dialog, the arrow keys and Enter choose. Nothing is fetched before
// the first letter. Without this script the box in the header is a form that leads to the search page.
import { Index } from "./index";
import { follow } from "./results";

const index = new Index(document.body.dataset.index ?? "");

function openOnKey(open: () => void): void {
  document.addEventListener("keydown", (event) => {
    const typing = (event.target as Element).closest("input, textarea, select, [contenteditable]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const k = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (slash || k) {
      event.preventDefault();
      open();
    }
  });
}

/** dialog builds the dialog when it is first opened. */
function dialog(): HTMLDialogElement {
  const made = document.createElement("dialog");
  made.className = "search";
  made.setAttribute("aria-label", "Search the documentation");
  const form = document.createElement("form");
  form.className = "search-form";
  form.method = "dialog";
  const input = document.createElement("input");
  input.className = "search-input";
  input.type = "search";
  input.placeholder = "Search guides, packages, symbols";
  input.setAttribute("aria-label", "Search for");
  input.autocomplete = "off";
  input.spellcheck = false;
  form.append(input);
  const status = document.createElement("p");
  status.className = "search-status";
  status.setAttribute("role", "status");
  const list = document.createElement("ol");
  list.className = "results";
  made.append(form, status, list);
  form.addEventListener("submit", (event) => event.preventDefault());
  made.addEventListener("click", (event) => {
    if (event.target === made || (event.target as Element).closest("a")) {
      made.close();
    }
  });
  document.body.append(made);
  follow(input, list, status, index);
  return made;
}

let opened: HTMLDialogElement | undefined;

function open(text = ""): void {
  opened ??= dialog();
  if (!opened.open) {
    opened.showModal();
  }
  const input = opened.querySelector("input")!;
  if (text !== "") {
    input.value = text;
    input.dispatchEvent(new Event("input"));
  }
  input.focus();
  input.select();
}

const box = document.querySelector<HTMLInputElement>("[data-search-open]");
if (box) {
  box.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    open();
  });
  // Whoever tabs to the box and types goes on in the dialog.
  box.addEventListener("input", () => {
    const text = box.value;
    box.value = "";
    open(text);
    opened?.querySelector("input")?.setSelectionRange(text.length, text.length);
  });
}
openOnKey(open);

const page = document.querySelector<HTMLInputElement>("[data-search-input]");
const results = document.querySelector<HTMLElement>("[data-search-results]");
const status = document.querySelector<HTMLElement>("[data-search-status]");
if (page && results && status) {
  page.value = new URLSearchParams(location.search).get("q") ?? page.value;
  follow(page, results, status, index);
}
