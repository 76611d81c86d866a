// A list of results that follows what is typed and is walked with the arrow keys.
import type { Hit, Index } from "./index";

/** show fills the list with what the input's text finds, again whenever the text changes. */
export function follow(input: HTMLInputElement, list: HTMLElement, status: HTMLElement, index: Index): void {
  let asked = 0;
  const ask = async (): Promise<void> => {
    const mine = ++asked;
    const query = input.value;
    try {
      const hits = await index.search(query, 12);
      if (mine === asked) {
        list.replaceChildren(...hits.map(row));
        status.textContent = say(query, hits.length);
      }
    } catch {
      if (mine === asked) {
        status.textContent = "The search index cannot be read. Are you offline?";
      }
    }
  };
  input.addEventListener("input", () => void ask());
  input.form?.addEventListener("keydown", (event) => walk(event, input, list));
  list.addEventListener("keydown", (event) => walk(event, input, list));
  if (input.value !== "") {
    void ask();
  }
}

/** walk moves between the input and the results with the arrow keys; Enter in the input opens the first result. */
function walk(event: KeyboardEvent, input: HTMLInputElement, list: HTMLElement): void {
  const stops: HTMLElement[] = [input, ...list.querySelectorAll<HTMLElement>("a")];
  const at = stops.indexOf(document.activeElement as HTMLElement);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const step = event.key === "ArrowDown" ? 1 : stops.length - 1;
    stops[(at + step) % stops.length]!.focus();
    event.preventDefault();
  } else if (event.key === "Enter" && at === 0 && stops.length > 1 && !event.isComposing) {
    stops[1]!.click();
    event.preventDefault();
  }
}

function say(query: string, count: number): string {
  if (query.trim() === "") {
    return "";
  }
  if (count === 0) {
    return "Nothing found. Try fewer words.";
  }
  return count === 1 ? "1 result" : `${count} results`;
}

function row(hit: Hit): HTMLElement {
  const link = document.createElement("a");
  link.className = "result-link";
  link.href = hit.url;
  link.append(part("title", hit.title), part("where", `${hit.kind} · ${hit.where}`));
  if (hit.summary) {
    link.append(part("summary", hit.summary));
  }
  const item = document.createElement("li");
  item.className = "result";
  item.append(link);
  return item;
}

function part(name: string, text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = `result-${name}`;
  span.textContent = text;
  return span;
}
