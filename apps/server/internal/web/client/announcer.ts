// Tells screen readers of new messages, at most one sentence at a time: a busy room is a number.
import type { Message } from "./message";

const PAUSE = 2_000;

export class Announcer {
  private waiting: Message[] = [];
  private timer: number | undefined;

  constructor(private readonly region: HTMLElement) {}

  announce(message: Message): void {
    this.waiting.push(message);
    this.timer ??= window.setTimeout(() => this.speak(), this.waiting.length === 1 ? 100 : PAUSE);
  }

  private speak(): void {
    const [only, ...more] = this.waiting;
    this.waiting = [];
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      if (this.waiting.length > 0) {
        this.speak();
      }
    }, PAUSE);
    if (only) {
      this.region.textContent = more.length > 0 ? `${more.length + 1} new messages` : `${only.name}: ${only.text}`;
    }
  }
}
