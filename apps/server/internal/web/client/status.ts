// Says how the connection stands, with the seconds until the next try.
import type { State } from "./connection";

export class Status {
  private timer: number | undefined;

  constructor(private readonly element: HTMLElement) {}

  show(state: State): void {
    clearInterval(this.timer);
    this.element.dataset["state"] = state.name === "ended" ? "offline" : state.name;
    if (state.name === "offline") {
      this.say(state.at);
      this.timer = window.setInterval(() => this.say(state.at), 1000);
    } else if (state.name === "ended") {
      this.end(state.signedOut);
    }
  }

  private say(at: number | undefined): void {
    const seconds = at === undefined ? 0 : Math.ceil((at - Date.now()) / 1000);
    this.text(at === undefined ? "Offline" : seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting…");
  }

  private end(signedOut: boolean): void {
    if (!signedOut) {
      this.text("Disconnected: reload the page");
      return;
    }
    const link = document.createElement("a");
    link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
    link.textContent = "Signed out: sign in again";
    this.text("");
    this.element.querySelector('[data-when="offline"]')?.append(link);
  }

  private text(text: string): void {
    const element = this.element.querySelector('[data-when="offline"]');
    if (element && element.textContent !== text) {
      element.textContent = text;
    }
  }
}
