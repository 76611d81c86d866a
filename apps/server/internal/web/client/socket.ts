// One connection at a time: commands with their replies, and how to notice that it is dead.
import { decode, encode, isPing, PONG, type Command, type ProtocolError, type Push, type Reply } from "./wire";

// A command without a reply by then means that the connection is dead.
const REPLY_TIME = 5_000;
// A ping may come so much later than announced.
const PING_GRACE = 10_000;

// Refused is the server's answer to a command that it did not carry out.
export class Refused extends Error {
  readonly temporary: boolean;

  constructor(error: ProtocolError) {
    super(error.message);
    this.temporary = error.temporary === true;
  }
}

// Lost is the error of commands whose connection ended before the reply: they may have been carried out.
export class Lost extends Error {}

interface Waiting {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
  timer: number;
}

export interface SocketEvents {
  opened: () => void;
  pushed: (push: Push) => void;
  // closed is called once, whichever side ended the connection.
  closed: (code: number) => void;
}

export class Socket {
  private readonly socket: WebSocket;
  private readonly waiting = new Map<number, Waiting>();
  private lastID = 0;
  private ping = 0;
  private answersPings = false;
  private watchdog: number | undefined;
  private over = false;

  constructor(
    url: string,
    private readonly events: SocketEvents,
  ) {
    this.socket = new WebSocket(url);
    this.socket.onopen = () => void this.connect();
    this.socket.onmessage = (event) => this.receive(String(event.data));
    this.socket.onclose = (event) => this.end(event.code);
    this.watch(REPLY_TIME * 2);
  }

  async call(command: Command): Promise<Reply> {
    if (this.over || this.socket.readyState !== WebSocket.OPEN) {
      throw new Lost("not connected");
    }
    const id = ++this.lastID;
    const reply = await new Promise<Reply>((resolve, reject) => {
      const timer = window.setTimeout(() => this.close(), REPLY_TIME);
      this.waiting.set(id, { resolve, reject, timer });
      this.socket.send(encode(id, command));
    });
    if (reply.error) {
      throw new Refused(reply.error);
    }
    return reply;
  }

  // close ends the connection here and now, without waiting for the other side, which may be gone.
  close(): void {
    this.socket.close();
    this.end(1006);
  }

  private async connect(): Promise<void> {
    try {
      const { connect } = await this.call({ connect: { name: "magpie" } });
      this.ping = (connect?.ping ?? 0) * 1000;
      this.answersPings = connect?.pong === true;
      this.watch(this.ping + PING_GRACE);
      this.events.opened();
    } catch {
      this.close();
    }
  }

  private receive(frame: string): void {
    this.watch(this.ping > 0 ? this.ping + PING_GRACE : REPLY_TIME * 2);
    for (const reply of decode(frame)) {
      if (isPing(reply)) {
        if (this.answersPings) {
          this.socket.send(PONG);
        }
      } else if (reply.push) {
        this.events.pushed(reply.push);
      } else {
        this.settle(reply);
      }
    }
  }

  private settle(reply: Reply): void {
    const waiting = this.waiting.get(reply.id ?? 0);
    if (waiting) {
      this.waiting.delete(reply.id ?? 0);
      clearTimeout(waiting.timer);
      waiting.resolve(reply);
    }
  }

  // watch ends the connection unless something is heard of it in time.
  private watch(time: number): void {
    clearTimeout(this.watchdog);
    this.watchdog = window.setTimeout(() => this.close(), time);
  }

  private end(code: number): void {
    if (this.over) {
      return;
    }
    this.over = true;
    clearTimeout(this.watchdog);
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new Lost("connection closed"));
    }
    this.waiting.clear();
    this.events.closed(code);
  }
}
