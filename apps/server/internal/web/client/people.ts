// Who is here. Comings and goings only say that it is time to ask: the server's list is the truth.
import { fetched } from "./html";

// Many may come at once, as after a restart: one question answers for all, and not everybody asks in the
// same moment.
const PAUSE = 250;

export class People {
  private timer: number | undefined;

  constructor(
    private readonly path: string,
    private readonly place: HTMLElement,
    private readonly count: HTMLElement,
  ) {}

  refresh(): void {
    this.timer ??= window.setTimeout(() => void this.ask(), PAUSE + Math.random() * PAUSE);
  }

  private async ask(): Promise<void> {
    this.timer = undefined;
    const list = await fetched(this.path);
    if (list) {
      this.place.replaceChildren(list);
      this.count.textContent = String(list.children.length);
    }
  }
}
