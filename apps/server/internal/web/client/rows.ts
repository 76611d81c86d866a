// The rows of a room, in the order of their offsets, each message once; rows on their way come last.
import { arrange } from "./arrange";
import { rendered } from "./html";
import type { Message } from "./message";
import { copy } from "./page";

// So many rows stay in the page; what is older can be loaded again.
const MOST = 500;
const KEPT = 400;

export class Rows {
  constructor(
    private readonly list: HTMLElement,
    private readonly root: HTMLElement,
    private readonly user: string,
  ) {
    this.arrange();
  }

  // add puts in a message that was published, in place of its pending row if it has one. It returns
  // false for a message that is there already.
  add(message: Message, offset: number): boolean {
    this.pending(message.cid, message.user)?.remove();
    if (this.list.querySelector(`[data-id="${CSS.escape(message.id)}"]`)) {
      return false;
    }
    const row = rendered(message.html);
    if (!row) {
      return false;
    }
    row.dataset["offset"] = String(offset);
    this.insert(row);
    this.arrange();
    return true;
  }

  // addPending shows a message that is on its way.
  addPending(cid: string, text: string): HTMLElement {
    const row = copy(this.root, "pending");
    row.dataset["cid"] = cid;
    const body = row.querySelector('[data-part="text"]');
    if (body) {
      body.textContent = text;
    }
    this.end().before(row);
    this.arrange();
    return row;
  }

  // replace shows what a fresh list holds in place of all that was confirmed.
  replace(fresh: HTMLElement): void {
    for (const row of this.confirmed()) {
      row.remove();
    }
    for (const row of fresh.querySelectorAll<HTMLElement>(".message")) {
      this.pending(row.dataset["cid"] ?? "", row.dataset["author"] ?? "")?.remove();
      this.insert(row);
    }
    this.list.dataset["older"] = fresh.dataset["older"] ?? "0";
    this.showOlder();
    this.arrange();
  }

  // prepend puts older rows before all others.
  prepend(older: HTMLElement): void {
    for (const row of older.querySelectorAll<HTMLElement>(".message")) {
      if (!this.list.querySelector(`[data-id="${CSS.escape(row.dataset["id"] ?? "")}"]`)) {
        this.insert(row);
      }
    }
    this.list.dataset["older"] = older.dataset["older"] ?? "0";
    this.showOlder();
    this.arrange();
  }

  // older is the offset before which there is more, 0 for none.
  older(): number {
    return Number(this.list.dataset["older"] ?? "0");
  }

  // trim takes the oldest rows out of a long list. Only who is at the end does not notice.
  trim(): void {
    const rows = this.confirmed();
    if (rows.length <= MOST) {
      return;
    }
    for (const row of rows.slice(0, rows.length - KEPT)) {
      row.remove();
    }
    this.list.dataset["older"] = rows[rows.length - KEPT]?.dataset["offset"] ?? "0";
    this.showOlder();
    this.arrange();
  }

  private confirmed(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>(":scope > .message[data-offset]")];
  }

  private pending(cid: string, author: string): HTMLElement | null {
    return author === this.user && cid !== ""
      ? this.list.querySelector(`[data-state][data-cid="${CSS.escape(cid)}"]`)
      : null;
  }

  private insert(row: HTMLElement): void {
    const offset = Number(row.dataset["offset"]);
    const rows = this.confirmed();
    const before = rows.findLast((other) => Number(other.dataset["offset"]) < offset);
    if (before) {
      before.after(row);
    } else {
      (this.list.querySelector(":scope > .message") ?? this.end()).before(row);
    }
  }

  private end(): HTMLElement {
    return this.list.querySelector<HTMLElement>(":scope > #end") ?? this.list;
  }

  private showOlder(): void {
    const link = this.list.querySelector<HTMLElement>('[data-part="older"]');
    if (link) {
      link.hidden = this.older() === 0;
    }
  }

  private arrange(): void {
    arrange(this.list, this.user, () => copy(this.root, "day"));
  }
}
