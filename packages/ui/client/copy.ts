// Copy buttons: a button[data-copy] copies the text of the pre in the same figure. It is hidden until this script has come.

export function copyOnClick(): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) {
    button.hidden = false;
  }
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
    if (button) {
      void copy(button);
    }
  });
}

async function copy(button: HTMLElement): Promise<void> {
  const code = button.closest("figure")?.querySelector("pre")?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(code);
    say(button, "Copied");
  } catch {
    say(button, "Not allowed");
  }
}

// say changes the button's label for two seconds. It is a live region, so it is heard as well as seen.
function say(button: HTMLElement, text: string): void {
  const label = button.querySelector("[data-part=label]");
  if (label) {
    label.textContent = text;
    setTimeout(() => (label.textContent = "Copy"), 2000);
  }
}
