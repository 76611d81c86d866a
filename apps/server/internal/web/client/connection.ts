// Always one connection, for as long as the page lives: made anew when it breaks, given up only when the
// server says that coming back is no use.
import { delay } from "./backoff";
import { Socket } from "./socket";
import { FORGOTTEN, isFinal, type Command, type Push, type Reply } from "./wire";

export type State =
  | { name: "connecting" }
  | { name: "online" }
  // at is when the next try begins, in milliseconds as of Date.now; none while the device is offline.
  | { name: "offline"; at?: number }
  | { name: "ended"; signedOut: boolean };

export interface ConnectionEvents {
  // opened is called for every new connection: whoever listens subscribes again.
  opened: () => void;
  pushed: (push: Push) => void;
  changed: (state: State) => void;
  // doubted asks for a command, any command: without a reply in time the connection ends.
  doubted: () => void;
}

// Hidden for so long, a phone may have let the connection die without a word.
const SUSPICIOUS = 5_000;

export class Connection {
  private socket: Socket | undefined;
  private retry: number | undefined;
  private failures = 0;
  private ended = false;
  private hiddenAt = 0;

  constructor(
    private readonly url: string,
    private readonly events: ConnectionEvents,
  ) {}

  start(): void {
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("offline", () => this.socket?.close());
    // A page that is left says so, also where the browser keeps it for going back.
    window.addEventListener("pagehide", () => this.socket?.close());
    window.addEventListener("pageshow", () => this.hurry());
    document.addEventListener("visibilitychange", () => this.seen());
    this.open();
  }

  call(command: Command): Promise<Reply> {
    return this.socket ? this.socket.call(command) : Promise.reject(new Error("not connected"));
  }

  // renew drops the connection for a fresh one: what it told is not to be trusted.
  renew(): void {
    this.socket?.close();
  }

  private open(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.events.changed({ name: "connecting" });
    this.socket = new Socket(this.url, {
      opened: () => {
        this.failures = 0;
        this.events.changed({ name: "online" });
        this.events.opened();
      },
      pushed: (push) => this.events.pushed(push),
      closed: (code) => this.closed(code),
    });
  }

  private closed(code: number): void {
    this.socket = undefined;
    if (isFinal(code)) {
      this.ended = true;
      this.events.changed({ name: "ended", signedOut: code === FORGOTTEN });
      return;
    }
    if (!navigator.onLine) {
      this.events.changed({ name: "offline" });
      return; // the browser says when it is worth trying
    }
    const wait = delay(this.failures++);
    this.retry = window.setTimeout(() => this.open(), wait);
    this.events.changed({ name: "offline", at: Date.now() + wait });
  }

  // hurry tries now what would have been tried later.
  private hurry(): void {
    if (!this.ended && !this.socket) {
      this.failures = 0;
      this.open();
    }
  }

  // seen makes sure, when the page is looked at again, that the connection is still one.
  private seen(): void {
    if (document.hidden) {
      this.hiddenAt = Date.now();
    } else if (!this.socket) {
      this.hurry();
    } else if (Date.now() - this.hiddenAt > SUSPICIOUS) {
      this.events.doubted();
    }
  }
}
