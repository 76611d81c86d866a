// The composer: Enter sends, Shift+Enter begins a line, and what is written survives leaving the page.

export class Composer {
  private readonly text: HTMLTextAreaElement;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly draftKey: string,
    send: (text: string) => void,
  ) {
    const text = form.querySelector("textarea");
    if (!text) {
      throw new Error("the composer has no text area");
    }
    this.text = text;
    text.value ||= this.draft();
    text.addEventListener("input", () => this.edited());
    text.addEventListener("keydown", (event) => this.key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(send);
    });
    this.grow();
  }

  focus(): void {
    this.text.focus();
  }

  private submit(send: (text: string) => void): void {
    const text = this.text.value.trim();
    if (text === "") {
      return;
    }
    this.text.value = "";
    this.edited();
    this.focus();
    send(text);
  }

  private key(event: KeyboardEvent): void {
    // While an input method composes a word, Enter belongs to it. Safari says so by the key code alone.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !composing) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  }

  private edited(): void {
    this.grow();
    try {
      if (this.text.value === "") {
        localStorage.removeItem(this.draftKey);
      } else {
        localStorage.setItem(this.draftKey, this.text.value);
      }
    } catch {
      // Storage may be full or forbidden: then a draft lives as long as the page.
    }
  }

  private draft(): string {
    try {
      return localStorage.getItem(this.draftKey) ?? "";
    } catch {
      return "";
    }
  }

  // grow makes the area as tall as its text; the style sheet bounds it. Newer browsers do it by
  // themselves.
  private grow(): void {
    if (!CSS.supports("field-sizing", "content")) {
      this.text.rows = Math.min(8, this.text.value.split("\n").length);
    }
  }
}
