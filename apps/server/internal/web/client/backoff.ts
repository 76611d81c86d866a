// How long to wait before the next try: anywhere between nothing and a bound that doubles each time, so
// that those whom one server lost do not come to the next one all at once.

const FIRST = 500;
const LONGEST = 20_000;

export function delay(failures: number): number {
  const bound = Math.min(LONGEST, FIRST * 2 ** failures);
  return Math.round(100 + Math.random() * bound);
}
