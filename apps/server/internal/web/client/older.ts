// Goes back in time: who scrolls to the beginning gets what was said before.
import { fetched } from "./html";
import type { Rows } from "./rows";
import type { Scroll } from "./scroll";

export class Older {
  private loading = false;

  constructor(
    private readonly path: string,
    private readonly rows: Rows,
    private readonly scroll: Scroll,
    link: HTMLElement,
    list: HTMLElement,
  ) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      void this.load();
    });
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void this.load(), {
      root: list,
      rootMargin: "200px 0px 0px",
    }).observe(link);
  }

  private async load(): Promise<void> {
    const before = this.rows.older();
    if (this.loading || before === 0) {
      return;
    }
    this.loading = true;
    const page = await fetched(`${this.path}?before=${before}`);
    if (page && this.rows.older() === before) {
      this.scroll.keep(() => this.rows.prepend(page));
    }
    this.loading = false;
  }
}
