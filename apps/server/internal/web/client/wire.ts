// The Centrifuge client protocol, version 2, in JSON: what goes over the wire, and nothing of when.

export interface Position {
  epoch: string;
  offset: number;
}

export interface Publication {
  data: unknown;
  offset?: number;
  epoch?: string;
}

export interface SubscribeResult {
  epoch?: string;
  offset?: number;
  publications?: Publication[];
  recovered?: boolean;
}

export interface ProtocolError {
  code: number;
  message: string;
  temporary?: boolean;
}

export interface Push {
  channel?: string;
  pub?: Publication;
  join?: object;
  leave?: object;
  // presence_stats is this server's own: how many are there, where they are too many to say who.
  presence_stats?: { num_users?: number };
  unsubscribe?: { code: number };
}

export interface Reply {
  id?: number;
  error?: ProtocolError;
  connect?: { ping?: number; pong?: boolean };
  subscribe?: SubscribeResult;
  push?: Push;
}

export type Command =
  | { connect: { name: string } }
  | { subscribe: { channel: string; recover?: boolean; epoch?: string; offset?: number } }
  | { publish: { channel: string; data: unknown } }
  | { presence_stats: { channel: string } };

// PONG answers a ping. Both are an object with nothing in it.
export const PONG = "{}";

export function encode(id: number, command: Command): string {
  return JSON.stringify({ id, ...command });
}

// decode reads a frame, which holds one reply a line.
export function decode(frame: string): Reply[] {
  return frame
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Reply);
}

export function isPing(reply: Reply): boolean {
  return reply.id === undefined && reply.push === undefined;
}

// isFinal tells the close codes after which coming back is no use.
export function isFinal(code: number): boolean {
  return (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000) || code === 1009;
}

// FORGOTTEN is the close code for who is not signed in (any more).
export const FORGOTTEN = 3500;
