// Who is here. Comings and goings only say that it is time to ask: the server's list is the truth. In a room
// with too many to list the server says how many they are, and nobody asks.
import { fetched } from "./html";
import { data } from "./page";

// Many may come at once, as after a restart: one question answers for all, and not everybody asks in the
// same moment.
const PAUSE = 250;

// Soon after somebody came to a room with too many to list the server says how many they are. If it does not,
// they are no longer too many.
const SOON = 2000;

export class People {
  private timer: number | undefined;

  constructor(
    private readonly path: string,
    private readonly place: HTMLElement,
    private readonly count: HTMLElement,
  ) {}

  refresh(): void {
    this.within(PAUSE);
  }

  // moved is called when somebody came or went.
  moved(): void {
    this.within(this.lists() ? PAUSE : SOON);
  }

  // crowded shows how many there are. The first time the server says so in the list's place.
  crowded(count: number): void {
    this.count.textContent = String(count);
    if (this.lists()) {
      this.refresh();
    } else {
      window.clearTimeout(this.timer);
      this.timer = undefined;
    }
  }

  private lists(): boolean {
    return this.place.querySelector("ul") !== null;
  }

  private within(pause: number): void {
    this.timer ??= window.setTimeout(() => void this.ask(), pause + Math.random() * pause);
  }

  private async ask(): Promise<void> {
    this.timer = undefined;
    const list = await fetched(this.path);
    if (list) {
      this.place.replaceChildren(list);
      this.count.textContent = data(list, "count");
    }
  }
}
