// Counts in the tab's title what came while nobody looked.

export class Title {
  private readonly plain = document.title;
  private unread = 0;

  constructor() {
    document.addEventListener("visibilitychange", () => this.seen());
    window.addEventListener("focus", () => this.seen());
  }

  arrived(): void {
    if (document.hidden) {
      this.unread++;
      document.title = `(${this.unread}) ${this.plain}`;
    }
  }

  private seen(): void {
    if (!document.hidden) {
      this.unread = 0;
      document.title = this.plain;
    }
  }
}
