// Messages on their way. Each is shown at once and sent until the server has it; its id makes sending it
// twice harmless. What does not get there in time, or is refused, waits for its author to decide.
import { part } from "./page";
import type { Rows } from "./rows";
import { Refused } from "./socket";

// So long a message may be on its way before it counts as not sent.
const PATIENCE = 30_000;

interface Entry {
  cid: string;
  text: string;
  row: HTMLElement;
  failed: boolean;
  timer: number;
}

export class Outbox {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly rows: Rows,
    private readonly publish: (message: { cid: string; text: string }) => Promise<unknown>,
  ) {}

  send(text: string): void {
    const cid = newID();
    const entry: Entry = { cid, text, row: this.rows.addPending(cid, text), failed: false, timer: 0 };
    this.entries.set(cid, entry);
    part(entry.row, "retry").addEventListener("click", () => this.start(entry));
    part(entry.row, "discard").addEventListener("click", () => this.discard(entry));
    this.start(entry);
  }

  // confirm forgets a message that came back as published.
  confirm(cid: string): void {
    const entry = this.entries.get(cid);
    if (entry) {
      clearTimeout(entry.timer);
      this.entries.delete(cid);
    }
  }

  // resend tries all that is on its way again, in order.
  resend(): void {
    for (const entry of this.entries.values()) {
      if (!entry.failed) {
        void this.attempt(entry);
      }
    }
  }

  private start(entry: Entry): void {
    entry.failed = false;
    show(entry.row, "pending", "");
    clearTimeout(entry.timer);
    entry.timer = window.setTimeout(() => this.fail(entry, "Not sent."), PATIENCE);
    void this.attempt(entry);
  }

  private async attempt(entry: Entry): Promise<void> {
    try {
      await this.publish({ cid: entry.cid, text: entry.text });
      // The server has it. The row that everybody gets takes this one's place in a moment, or when the
      // room has caught up.
      clearTimeout(entry.timer);
    } catch (error) {
      if (error instanceof Refused && !error.temporary) {
        this.fail(entry, `Not sent: ${error.message}.`);
      }
      // Anything else is tried again with the next connection, or given up by the timer.
    }
  }

  private fail(entry: Entry, problem: string): void {
    if (this.entries.has(entry.cid)) {
      clearTimeout(entry.timer);
      entry.failed = true;
      show(entry.row, "failed", problem);
    }
  }

  private discard(entry: Entry): void {
    this.confirm(entry.cid);
    entry.row.remove();
    document.querySelector<HTMLElement>("[data-composer] textarea")?.focus();
  }
}

function show(row: HTMLElement, state: "pending" | "failed", problem: string): void {
  row.dataset["state"] = state;
  row.setAttribute("aria-busy", String(state === "pending"));
  part(row, "problem").textContent = problem;
}

function newID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
