// What depends on the reader or on a row's neighbours: whose message it is, the time where the reader is,
// where a day begins, and rows of the same author that follow each other. Rows come without it, as they
// are the same for everybody.

const SOON = 5 * 60_000;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

// arrange goes through all rows; newDay makes an empty divider.
export function arrange(list: HTMLElement, user: string, newDay: () => HTMLElement): void {
  list.querySelectorAll(":scope > .message-divider").forEach((divider) => divider.remove());
  let last: { author: string; at: Date } | undefined;
  for (const row of list.querySelectorAll<HTMLElement>(":scope > .message")) {
    const author = row.dataset["author"] ?? "";
    const at = localise(row) ?? new Date();
    const newDate = last?.at.toDateString() !== at.toDateString();
    row.toggleAttribute("data-mine", author === user);
    row.toggleAttribute("data-continued", !newDate && last?.author === author && +at - +last.at < SOON);
    if (newDate) {
      row.before(divider(newDay(), at));
    }
    last = { author, at };
  }
}

function localise(row: HTMLElement): Date | undefined {
  const time = row.querySelector<HTMLTimeElement>("time[datetime]");
  if (!time) {
    return undefined;
  }
  const at = new Date(time.dateTime);
  time.textContent = clock.format(at);
  time.title = full.format(at);
  return at;
}

function divider(element: HTMLElement, at: Date): HTMLElement {
  const text = element.querySelector("span") ?? element;
  text.textContent = at.toDateString() === new Date().toDateString() ? "Today" : day.format(at);
  return element;
}
