// Scrolls along with who reads the end, and leaves everybody else where they are.

// So near to the end counts as there: about a row.
const NEAR = 64;

export class Scroll {
  private unseen = 0;
  private stuck = true;

  constructor(
    private readonly list: HTMLElement,
    private readonly pill: HTMLElement,
    private readonly pillText: HTMLElement,
  ) {
    list.addEventListener("scroll", () => this.scrolled(), { passive: true });
    pill.addEventListener("click", () => this.toEnd());
    // A window that shrinks, as when a keyboard comes up, keeps the end in view.
    new ResizeObserver(() => this.follow()).observe(list);
    this.toEnd();
  }

  // atEnd is true for who reads the newest messages.
  get atEnd(): boolean {
    return this.stuck;
  }

  // arrived follows a new row, or counts it for who reads further up.
  arrived(): void {
    if (this.stuck) {
      this.toEnd();
      return;
    }
    this.unseen++;
    this.show();
  }

  follow(): void {
    if (this.stuck) {
      this.toEnd();
    }
  }

  toEnd(): void {
    this.stuck = true;
    this.unseen = 0;
    this.list.scrollTop = this.list.scrollHeight;
    this.show();
  }

  // keep lets change add rows above without moving what is read.
  keep(change: () => void): void {
    const { scrollHeight, scrollTop } = this.list;
    change();
    this.list.scrollTop = scrollTop + this.list.scrollHeight - scrollHeight;
  }

  private scrolled(): void {
    this.stuck = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
    if (this.stuck) {
      this.unseen = 0;
    }
    this.show();
  }

  private show(): void {
    this.pill.hidden = this.stuck;
    this.pillText.textContent =
      this.unseen === 0 ? "Jump to latest" : this.unseen === 1 ? "1 new message" : `${this.unseen} new messages`;
  }
}
