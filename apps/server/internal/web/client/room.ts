// Makes the page of a room live. Each part does one thing; here they are put together.
import { Announcer } from "./announcer";
import { Composer } from "./composer";
import { Connection } from "./connection";
import { fetched } from "./html";
import { isMessage } from "./message";
import { Older } from "./older";
import { Outbox } from "./outbox";
import { data, part } from "./page";
import { People } from "./people";
import { Rows } from "./rows";
import { Scroll } from "./scroll";
import { Status } from "./status";
import { Subscription } from "./subscription";
import { Title } from "./title";
import type { Position, Publication } from "./wire";

function start(room: HTMLElement): void {
  const list = part(room, "messages");
  const channel = data(room, "channel");
  const path = data(room, "path");
  const user = data(room, "user");

  const scroll = new Scroll(list, part(room, "latest"), part(room, "latest-text"));
  const rows = new Rows(list, room, user);
  scroll.follow();
  new Older(`${path}/messages`, rows, scroll, part(list, "older"), list);
  const people = new People(`${path}/people`, part(room, "people"), part(room, "people-count"));
  const announcer = new Announcer(part(room, "announcer"));
  const title = new Title();
  const status = new Status(room.querySelector<HTMLElement>("[data-connection]") ?? room);

  const connection = new Connection(address(data(room, "realtime")), {
    opened: () => void subscription.subscribe(),
    pushed: (push) => subscription.push(push),
    changed: (state) => status.show(state),
    doubted: () => void connection.call({ presence_stats: { channel } }).catch(() => undefined),
  });
  const outbox = new Outbox(rows, (message) => connection.call({ publish: { channel, data: message } }));
  const subscription = new Subscription(connection, channel, position(list), {
    published,
    holed,
    caughtUp: () => {
      outbox.resend();
      people.refresh();
    },
    moved: () => people.moved(),
    crowded: (count) => people.crowded(count),
  });

  function published(publication: Publication, offset: number): void {
    const message = publication.data;
    if (!isMessage(message)) {
      return;
    }
    if (message.user === user) {
      outbox.confirm(message.cid);
    }
    if (!rows.add(message, offset)) {
      return;
    }
    room.querySelector('[data-part="empty"]')?.remove();
    scroll.arrived();
    if (scroll.atEnd) {
      rows.trim();
    }
    if (message.user !== user) {
      announcer.announce(message);
      title.arrived();
    }
  }

  async function holed(): Promise<Position | null> {
    const fresh = await fetched(`${path}/messages`);
    if (!fresh) {
      return null;
    }
    const at = position(fresh);
    for (const row of fresh.querySelectorAll<HTMLElement>(`[data-author="${CSS.escape(user)}"]`)) {
      outbox.confirm(data(row, "cid"));
    }
    rows.replace(fresh);
    scroll.follow();
    return at;
  }

  const form = room.querySelector<HTMLFormElement>("[data-composer]");
  if (form) {
    const composer = new Composer(form, `draft ${user} ${channel}`, (text) => {
      room.querySelector('[data-part="empty"]')?.remove();
      outbox.send(text);
      scroll.toEnd();
    });
    if (!matchMedia("(pointer: coarse)").matches) {
      composer.focus(); // where that does not bring up a keyboard
    }
  }
  connection.start();
}

// address is where WebSockets go on this server; a path alone is not enough for every browser.
function address(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

function position(list: HTMLElement): Position {
  return { epoch: data(list, "epoch"), offset: Number(data(list, "offset")) };
}

const room = document.querySelector<HTMLElement>("[data-channel]");
if (room) {
  start(room);
}
