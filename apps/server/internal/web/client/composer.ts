// The composer: Enter sends, Shift+Enter begins a line, and what is written survives leaving the page.

export class Composer {
  private readonly text: HTMLTextAreaElement;
  private shift = false;

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
    text.addEventListener("keydown", (event) => (this.shift = event.shiftKey));
    text.addEventListener("beforeinput", (event) => this.lineBreak(event));
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

  // lineBreak sends instead of beginning a line, unless Shift is held. It listens for the line break and
  // not for the key, because with an input method the Enter that ends a word makes none.
  private lineBreak(event: InputEvent): void {
    if (event.inputType !== "insertLineBreak" || this.shift || event.isComposing) {
      return;
    }
    event.preventDefault();
    if (this.text.value.trim() !== "") {
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
