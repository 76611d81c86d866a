// One channel without a hole: where the page stands in it, and how to come back to that place.
import type { Connection } from "./connection";
import { Refused } from "./socket";
import type { Position, Publication, Push, SubscribeResult } from "./wire";

export interface SubscriptionEvents {
  published: (publication: Publication, offset: number) => void;
  // holed is called when the server could not close the gap: whoever listens reads the room anew, and
  // returns where that reading ends, or null when it could not be read.
  holed: () => Promise<Position | null>;
  // caughtUp is called when the page has all there is, after each subscribing.
  caughtUp: () => void;
  moved: () => void;
  crowded: (count: number) => void;
}

export class Subscription {
  // buffer keeps what arrives while the room is read anew.
  private buffer: Publication[] | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly channel: string,
    private position: Position,
    private readonly events: SubscriptionEvents,
  ) {}

  async subscribe(): Promise<void> {
    const { epoch, offset } = this.position;
    try {
      const reply = await this.connection.call({
        subscribe: { channel: this.channel, recover: true, epoch, offset },
      });
      await this.join(reply.subscribe ?? {});
    } catch (error) {
      if (error instanceof Refused) {
        this.connection.renew();
      }
    }
  }

  push(push: Push): void {
    if (push.channel !== this.channel) {
      return;
    }
    if (push.pub) {
      this.receive(push.pub);
    } else if (push.join || push.leave) {
      this.events.moved();
    } else if (push.presence_stats) {
      this.events.crowded(push.presence_stats.num_users ?? 0);
    } else if (push.unsubscribe && push.unsubscribe.code >= 2500) {
      void this.subscribe();
    }
  }

  private async join(result: SubscribeResult): Promise<void> {
    if (result.recovered) {
      result.publications?.forEach((publication) => this.receive(publication));
      this.position.epoch = result.epoch ?? this.position.epoch;
    } else if (!(await this.readAnew())) {
      this.connection.renew();
      return;
    }
    this.events.caughtUp();
  }

  private async readAnew(): Promise<boolean> {
    this.buffer = [];
    const position = await this.events.holed();
    const waiting = this.buffer;
    this.buffer = undefined;
    if (!position) {
      return false;
    }
    this.position = position;
    waiting.forEach((publication) => this.receive(publication));
    return true;
  }

  private receive(publication: Publication): void {
    if (this.buffer) {
      this.buffer.push(publication);
      return;
    }
    const offset = publication.offset ?? 0;
    if (offset <= this.position.offset) {
      return; // it is here already
    }
    if (offset > this.position.offset + 1) {
      void this.connection.renew(); // a hole: come back with the place where we stopped
      return;
    }
    this.position = { epoch: publication.epoch ?? this.position.epoch, offset };
    this.events.published(publication, offset);
  }
}
