// What a room's publications hold.

export interface Message {
  id: string;
  cid: string;
  user: string;
  name: string;
  text: string;
  html: string;
}

export function isMessage(value: unknown): value is Message {
  const message = value as Partial<Message> | null;
  return typeof message?.id === "string" && typeof message.html === "string" && typeof message.cid === "string";
}
