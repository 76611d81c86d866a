// The theme switch: a choice holds at once, without a form being sent.
import { applyStored, store, stored } from "./choice";

export function switchTheme(): void {
  applyStored();
  for (const input of document.querySelectorAll<HTMLInputElement>("[data-theme-switch] input")) {
    input.checked = input.value === stored();
  }
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input instanceof HTMLInputElement && input.closest("[data-theme-switch]")) {
      store(input.value);
    }
  });
}
