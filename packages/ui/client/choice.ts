// The theme's cookie. Its name and its values are those of the Go package theme.
const year = 365 * 24 * 60 * 60;

export function stored(): string {
  return /(?:^|;\s*)theme=(light|dark)/.exec(document.cookie)?.[1] ?? "system";
}

export function applyStored(): void {
  document.documentElement.dataset.theme = stored();
}

export function store(theme: string): void {
  document.cookie = `theme=${theme}; path=/; max-age=${year}; samesite=lax`;
  applyStored();
}
