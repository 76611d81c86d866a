// Answers queries from the search index. The rules and the arithmetic are those of the Go
// package internal/search, and a test holds the two against each other.

export interface Hit {
  url: string;
  title: string;
  where: string;
  kind: string;
  summary: string;
}

interface Manifest {
  shards: { first: string; file: string }[] | null;
  entries: string[] | null;
  perFile: number;
}

/** A term's entries and scores, one after the other. */
type Shard = Record<string, number[]>;
type Row = [url: string, title: string, where: string, kind: string, summary: string];

const stopWords = " a an and are as at be by for from has in is it its of on or that the this to was with ";
const endings = ["ing", "ed", "es", "s", "e"];

function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{Nd}]+/gu) ?? [];
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function stem(word: string): string {
  for (const ending of endings) {
    if (word.endsWith(ending) && bytes(word) - ending.length >= 4) {
      return word.slice(0, -ending.length);
    }
  }
  return word;
}

export class Index {
  private readonly loaded = new Map<string, Promise<unknown>>();

  /** address is that of the file that names all the others. */
  constructor(private readonly address: string) {}

  async search(text: string, limit: number): Promise<Hit[]> {
    const query = text.slice(0, 200).trim().toLowerCase();
    const parts = words(query)
      .filter((word) => !stopWords.includes(` ${word} `) && bytes(word) >= 2)
      .slice(0, 8);
    const total = new Map<number, number>();
    const matched = new Map<number, number>();
    for (const best of await Promise.all(parts.map((word) => this.match(word)))) {
      for (const [id, score] of best) {
        total.set(id, (total.get(id) ?? 0) + score);
        matched.set(id, (matched.get(id) ?? 0) + 1);
      }
    }
    if (query !== "" && parts[0] !== query) {
      for (const [id, score] of pairs((await this.postings(query, query))[query] ?? [])) {
        total.set(id, (total.get(id) ?? 0) + score * 8);
        matched.set(id, parts.length);
      }
    }
    const ids = [...total.keys()].sort(
      (a, b) => matched.get(b)! - matched.get(a)! || total.get(b)! - total.get(a)! || a - b,
    );
    return Promise.all(ids.slice(0, limit).map((id) => this.hit(id)));
  }

  private async match(word: string): Promise<Map<number, number>> {
    const root = stem(word);
    const best = new Map<number, number>();
    for (const [term, postings] of Object.entries(await this.postings(root, word))) {
      for (const [id, score] of pairs(postings)) {
        const weighed = weigh(term, word, root, score);
        best.set(id, Math.max(best.get(id) ?? 0, weighed));
      }
    }
    return best;
  }

  /** postings returns a term's own, and those of all terms that begin with the other. */
  private async postings(from: string, to: string): Promise<Shard> {
    const { shards } = await this.manifest();
    const all = shards ?? [];
    const first = Math.max(0, all.findLastIndex((shard) => shard.first <= from));
    const past = all.findIndex((shard, i) => i >= first && shard.first > to && !shard.first.startsWith(to));
    const found: Shard = {};
    const range = all.slice(first, past < 0 ? undefined : past);
    for (const shard of await Promise.all(range.map(({ file }) => this.load<Shard>(file)))) {
      for (const [term, postings] of Object.entries(shard)) {
        if (term === from || term.startsWith(to)) {
          found[term] = postings;
        }
      }
    }
    return found;
  }

  private async hit(id: number): Promise<Hit> {
    const { entries, perFile } = await this.manifest();
    const rows = await this.load<Row[]>(entries![Math.floor(id / perFile)]!);
    const [url, title, where, kind, summary] = rows[id % perFile]!;
    return { url, title, where, kind, summary };
  }

  private manifest(): Promise<Manifest> {
    return this.load<Manifest>("");
  }

  /** load fetches a file beside the index once; a failure is forgotten, so that the next query tries again. */
  private load<T>(file: string): Promise<T> {
    let content = this.loaded.get(file);
    if (!content) {
      const address = new URL(file || this.address, new URL(this.address, location.href));
      content = fetch(address).then((response) => {
        if (!response.ok) {
          throw new Error(`${address.pathname}: ${response.status}`);
        }
        return response.json();
      });
      content.catch(() => this.loaded.delete(file));
      this.loaded.set(file, content);
    }
    return content as Promise<T>;
  }
}

function weigh(term: string, word: string, root: string, score: number): number {
  if (term === word) {
    return score * 4;
  }
  if (term === root) {
    return score * 3;
  }
  return Math.floor((score * 2 * [...word].length) / [...term].length);
}

function* pairs(flat: number[]): Generator<[number, number]> {
  for (let i = 0; i < flat.length; i += 2) {
    yield [flat[i]!, flat[i + 1]!];
  }
}
