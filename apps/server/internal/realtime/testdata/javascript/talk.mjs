// Drives a server with the protocol's public JavaScript client, in all that the client can do.
// Usage: node talk.mjs <WebSocket address> <websocket|http_stream|sse> <json|protobuf>
import assert from 'node:assert/strict';
import { Centrifuge as JSONClient, SubscriptionState, State } from 'centrifuge';
import { Centrifuge as ProtobufClient } from 'centrifuge/build/protobuf';
import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';

const [address, transport, protocol] = process.argv.slice(2);
const http = address.replace(/^ws/, 'http');
const endpoints = {
  websocket: `${address}/connection/websocket`,
  http_stream: `${http}/connection/http_stream`,
  sse: `${http}/connection/sse`,
};

// In JSON the client hands out values, in protobuf bytes.
const encode = (value) => (protocol === 'json' ? value : new TextEncoder().encode(JSON.stringify(value)));
const decode = (data) => (protocol === 'json' ? data : JSON.parse(new TextDecoder().decode(data)));

function client(options) {
  const Client = protocol === 'json' ? JSONClient : ProtobufClient;
  const c = new Client([{ transport, endpoint: endpoints[transport] }], {
    websocket: WebSocket,
    eventsource: EventSource,
    fetch,
    readableStream: ReadableStream,
    emulationEndpoint: `${http}/emulation`,
    minReconnectDelay: 1,
    maxReconnectDelay: 20,
    ...options,
  });
  c.on('error', (e) => console.error('client error', JSON.stringify(e)));
  return c;
}

async function connect(options) {
  const c = client(options);
  c.connect();
  await c.ready(20_000);
  return c;
}

// listen subscribes and keeps what it is told.
async function listen(c, channel, options) {
  const s = c.newSubscription(channel, { minResubscribeDelay: 1, maxResubscribeDelay: 20, ...options });
  s.heard = [];
  s.told = [];
  s.on('publication', (e) => s.heard.push(decode(e.data)));
  s.on('subscribed', (e) => s.told.push(`subscribed recovering=${e.wasRecovering} recovered=${e.recovered}`));
  s.on('join', (e) => s.told.push(`join ${e.info.user}`));
  s.on('leave', (e) => s.told.push(`leave ${e.info.user}`));
  s.subscribe();
  await s.ready(20_000);
  return s;
}

async function eventually(what, holds) {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const refused = (promise, code) => assert.rejects(promise, (e) => e.code === code);

const mary = await connect({ token: 'mary' });
const john = await connect({ token: 'john' });

const behaviours = {
  async 'a publication reaches who is subscribed, with who said it'() {
    const s = await listen(mary, 'plain:1');
    const said = new Promise((resolve) => s.on('publication', resolve));
    await john.publish('plain:1', encode({ text: 'a\n"b" ☃' }));
    const e = await said;
    assert.deepEqual(decode(e.data), { text: 'a\n"b" ☃' });
    assert.equal(e.info.user, 'john');
    assert.deepEqual(decode(e.info.connInfo), { name: 'john' });
    s.unsubscribe();
  },

  async 'who unsubscribes hears nothing until it returns'() {
    const s = await listen(mary, 'plain:2');
    s.unsubscribe();
    assert.equal(s.state, SubscriptionState.Unsubscribed);
    await mary.rpc('echo', encode(1));
    await john.publish('plain:2', encode(0));
    s.subscribe();
    await s.ready(20_000);
    await john.publish('plain:2', encode(1));
    await eventually('the next publication', () => s.heard.length > 0);
    assert.deepEqual(s.heard, [1]);
  },

  async 'who asks before it is connected is answered then'() {
    const c = client({ token: 'anne' });
    const answer = c.rpc('whoami', encode(null));
    c.connect();
    assert.equal(decode((await answer).data), 'anne');
    c.disconnect();
  },

  async 'who changes its mind while it connects is where it said last'() {
    const c = client({ token: 'anne' });
    const gone = c.newSubscription('plain:hurry');
    gone.subscribe();
    for (let n = 0; n < 10; n++) {
      c.connect();
      c.disconnect();
    }
    c.connect();
    gone.unsubscribe();
    const s = await listen(c, 'plain:haste');
    assert.equal(gone.state, SubscriptionState.Unsubscribed);
    gone.on('publication', (e) => s.heard.push(decode(e.data)));
    await john.publish('plain:hurry', encode(0));
    await john.publish('plain:haste', encode(1));
    await eventually('a publication', () => s.heard.length > 0);
    assert.deepEqual(s.heard, [1]);
    gone.subscribe();
    await gone.ready(20_000);
    c.disconnect();
  },

  async 'history is read in pages'() {
    const s = await listen(mary, 'room:history');
    for (let n = 1; n <= 10; n++) await john.publish('room:history', encode(n));
    await eventually('ten publications', () => s.heard.length === 10);
    assert.deepEqual(s.heard, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const top = await s.history({});
    assert.equal(top.offset, 10);
    assert.equal(top.publications.length, 0);
    const read = async (options) => (await s.history(options)).publications.map((p) => decode(p.data));
    const since = { offset: 4, epoch: top.epoch };
    assert.deepEqual(await read({ limit: 3 }), [1, 2, 3]);
    assert.deepEqual(await read({ limit: 3, since }), [5, 6, 7]);
    assert.deepEqual(await read({ limit: 2, reverse: true }), [10, 9]);
    assert.deepEqual(await read({ limit: 2, reverse: true, since }), [3, 2]);
    assert.equal((await read({ limit: -1 })).length, 10);
    await refused(s.history({ limit: 1, since: { offset: 4, epoch: 'another' } }), 112);
  },

  async 'presence follows who is there'() {
    const s = await listen(mary, 'people:1');
    const other = await listen(john, 'people:1');
    await eventually('john comes', () => s.told.includes('join john'));
    const { clients } = await s.presence();
    assert.deepEqual(Object.values(clients).map((c) => c.user).sort(), ['john', 'mary']);
    const info = Object.values(clients).find((c) => c.user === 'john');
    assert.deepEqual([decode(info.connInfo), decode(info.chanInfo)], [{ name: 'john' }, { seat: 1 }]);
    assert.deepEqual(await s.presenceStats(), { numClients: 2, numUsers: 2 });
    other.unsubscribe();
    await eventually('john goes', () => s.told.includes('leave john'));
    assert.deepEqual(await s.presenceStats(), { numClients: 1, numUsers: 1 });
  },

  async 'who comes and goes in a hurry is there once or not at all'() {
    if (transport !== 'websocket') return; // elsewhere each command is a request of its own, in no order
    const s = await listen(mary, 'people:2');
    const other = john.newSubscription('people:2');
    for (let n = 0; n < 10; n++) {
      other.subscribe();
      other.unsubscribe();
    }
    other.subscribe();
    await other.ready(20_000);
    assert.deepEqual(await s.presenceStats(), { numClients: 2, numUsers: 2 });
    for (let n = 0; n < 10; n++) {
      other.unsubscribe();
      other.subscribe();
    }
    other.unsubscribe();
    await john.rpc('echo', encode(1));
    assert.deepEqual(await s.presenceStats(), { numClients: 1, numUsers: 1 });
  },

  async 'an rpc answers or says why not'() {
    assert.equal(decode((await mary.rpc('whoami', encode(null))).data), 'mary');
    assert.deepEqual(decode((await mary.rpc('echo', encode([1, 'é']))).data), [1, 'é']);
    await refused(mary.rpc('dance', encode(null)), 104);
  },

  async 'what is refused says why'() {
    await refused(mary.publish('secret:1', encode(1)), 103);
    const s = mary.newSubscription('nowhere');
    const why = new Promise((resolve) => s.on('unsubscribed', resolve));
    s.subscribe();
    assert.equal((await why).code, 102);
    assert.equal(mary.state, State.Connected);
  },

  async 'who was away is given what it missed'() {
    const away = await connect({ token: 'anne' });
    const s = await listen(away, 'room:recovery');
    for (let n = 1; n <= 3; n++) await john.publish('room:recovery', encode(n));
    await eventually('three publications', () => s.heard.length === 3);
    away.disconnect();
    for (let n = 4; n <= 20; n++) await john.publish('room:recovery', encode(n));
    away.connect();
    await eventually('what was missed', () => s.heard.length === 20);
    await john.publish('room:recovery', encode(21));
    await eventually('what comes then', () => s.heard.length === 21);
    assert.deepEqual(s.heard, Array.from({ length: 21 }, (_, i) => i + 1));
    assert.equal(s.told.at(-1), 'subscribed recovering=true recovered=true');
    away.disconnect();
  },

  async 'who names a position is given what came since, or told that it is lost'() {
    for (let n = 1; n <= 3; n++) await john.publish('room:since', encode(n));
    const begin = await listen(mary, 'room:since', { since: { offset: 0, epoch: '' } });
    await eventually('all publications', () => begin.heard.length === 3);
    assert.deepEqual(begin.heard, [1, 2, 3]);
    assert.deepEqual(begin.told, ['subscribed recovering=true recovered=true']);
    const lost = await listen(john, 'room:since', { since: { offset: 1, epoch: 'another' } });
    assert.deepEqual(lost.told, ['subscribed recovering=true recovered=false']);
    await mary.publish('room:since', encode(4));
    await eventually('the next publication', () => lost.heard.length > 0);
    assert.deepEqual(lost.heard, [4]);
  },

  async 'who reads deltas hears what everybody hears'() {
    const s = await listen(mary, 'room:deltas', { delta: 'fossil' });
    const said = Array.from({ length: 30 }, (_, n) => ({ text: 'much the same ☃ '.repeat(20), n, more: 'ü'.repeat(n % 5) }));
    for (const value of said) await john.publish('room:deltas', encode(value));
    await eventually('all publications', () => s.heard.length === said.length);
    assert.deepEqual(s.heard, said);
    assert.equal(s.deltaStats().numDeltaPayloads, said.length - 1);
  },

  async 'who has a filter hears what it wants, also of what it missed'() {
    const away = await connect({ token: 'anne' });
    const s = await listen(away, 'room:filter', {
      tagsFilter: { op: 'or', nodes: [{ key: 'kind', cmp: 'eq', val: '0' }, { key: 'kind', cmp: 'gte', val: '2.5' }] },
    });
    const say = (n) => john.rpc('tag', encode({ channel: 'room:filter', data: n, tags: { kind: String(n % 4) } }));
    for (let n = 0; n < 20; n++) await say(n);
    await eventually('what is wanted', () => s.heard.length === 10);
    away.disconnect();
    for (let n = 20; n < 40; n++) await say(n);
    away.connect();
    await eventually('what was missed and is wanted', () => s.heard.length === 20);
    for (let n = 40; n < 44; n++) await say(n);
    await eventually('what is wanted then', () => s.heard.length === 22);
    assert.deepEqual(s.heard, Array.from({ length: 44 }, (_, n) => n).filter((n) => n % 4 === 0 || n % 4 === 3));
    assert.equal(s.told.at(-1), 'subscribed recovering=true recovered=true');
    away.disconnect();
    const t = mary.newSubscription('plain:filter', { tagsFilter: { key: 'kind', cmp: 'ex' } });
    const why = new Promise((resolve) => t.on('unsubscribed', resolve));
    t.subscribe();
    assert.equal((await why).code, 107);
  },

  async 'a token is renewed before it ends'() {
    let asked = 0;
    const c = await connect({ token: 'moment', getToken: async () => (asked++, 'mary') });
    await eventually('the token is asked for', () => asked === 1);
    assert.equal(decode((await c.rpc('echo', encode(1))).data), 1);
    assert.equal(c.state, State.Connected);
    c.disconnect();
  },

  async 'a token that is refused ends the client, or renews it'() {
    for (const [token, code] of [['forged', 3500], ['unauthorized', 101]]) {
      const c = client({ token });
      const why = new Promise((resolve) => c.on('disconnected', resolve));
      c.connect();
      assert.equal((await why).code, code);
    }
    const c = await connect({ token: 'expired', getToken: async () => 'mary' });
    c.disconnect();
  },
};

let failed = false;
for (const [name, behaviour] of Object.entries(behaviours)) {
  try {
    await behaviour();
    console.log(`ok ${name}`);
  } catch (e) {
    failed = true;
    console.log(`failed ${name}: ${e.stack}`);
  }
}
mary.disconnect();
john.disconnect();
process.exit(failed ? 1 : 0);
