import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { eq } from 'drizzle-orm';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Actor, Role } from '../../shared/actor.ts';
import { DEFAULT_ALERT_RULES } from '../../shared/alert-rules.ts';
import type { AlertLevel, ChannelInput, ChannelKind } from '../../shared/alerts.ts';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { insertUser } from '../access/create-user.ts';
import { alertDeliveries, events, pushSubscriptions, users } from '../db/schema/index.ts';
import { createLocalBus } from '../events/bus.ts';
import { commit, type Store } from '../events/store.ts';
import { MAX_ATTEMPTS } from './backoff.ts';
import { createChannel } from './channel-create.ts';
import { removeChannel, updateChannel } from './channel-change.ts';
import { retryDelivery, tryChannel } from './channel-try.ts';
import { channelViews } from './channel-view.ts';
import { mailChannel } from './channels/mail.ts';
import { checkVapid, createPushReceiver, webhookSignature } from './channels/push-receiver-for-tests.ts';
import { pushChannel } from './channels/push.ts';
import { telegramChannel, webhookChannel } from './channels/webhook.ts';
import { clearAlert } from './clear.ts';
import { deliveriesOfChannel, getAlert } from './get.ts';
import { listAlerts } from './list.ts';
import { muteAlert } from './mute.ts';
import { subscribePush, unsubscribePush } from './push-subscribe.ts';
import { raiseAlert } from './raise.ts';
import { startAlertSender, type AlertSender } from './sender.ts';
import { vapidKeysOf } from './vapid-keys.ts';

let database: TestDatabase;
let store: Store;
let admin: Actor & { kind: 'user' };
let nowMs = Date.parse('2026-03-02T12:00:00-05:00');
let sender: AlertSender;
let truckId = 0;
const results: [ChannelKind, string][] = [];

/** A stand-in for another program or a push service: keeps what it was sent, answers what it is told to. */
const heard: { path: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
let answers: number[] = [];
let endpoint: Server;
let origin = '';

/** A mailbox behind a real SMTP server on this machine. */
const letters: { to: string[]; text: string }[] = [];
let refuseMail: number | null = null;
let smtp: SMTPServer;
let smtpUrl = '';

beforeAll(async () => {
  database = await openTestDatabase();
  store = { database, clock: () => nowMs, bus: createLocalBus() };
  admin = await person('jefa', 'admin', 'jefa@epagal.example');
  endpoint = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    heard.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
    response.writeHead(answers.shift() ?? 204, { 'retry-after': '7' }).end();
  });
  endpoint.listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  origin = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onRcptTo(_address, _session, done) {
      done(refuseMail === null ? null : Object.assign(new Error('no'), { responseCode: refuseMail }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        letters.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
  });
  const listening = smtp.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  smtpUrl = `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
});
afterAll(async () => {
  endpoint.close();
  smtp.close(() => undefined);
  await database.drop();
});
beforeEach(() => {
  nowMs += 24 * 3_600_000;
  heard.length = letters.length = results.length = 0;
  answers = [];
  refuseMail = null;
  sender = startSender();
});
afterEach(async () => {
  await sender.stop();
  for (const { id } of await channelViews(database.db)) await removeChannel(store, admin, id);
  for (const { id } of (await listAlerts(store, {})).items) await clearAlert(store, admin, { id });
});

function startSender(allowPrivate = true, timeoutMs = 2_000): AlertSender {
  return startAlertSender(
    {
      store,
      publicUrl: 'https://epagal.example',
      random: () => 0.5,
      log: { warn: () => undefined, error: (about) => void results.push(['mail', JSON.stringify(about)]) },
      onResult: (kind, result) => void results.push([kind, result]),
      channels: {
        mail: mailChannel({ smtpUrl, from: 'EPAGAL <alertas@epagal.example>' }),
        webhook: webhookChannel({ allowPrivate, timeoutMs }),
        telegram: telegramChannel({ allowPrivate }),
        push: pushChannel({ keys: vapidKeysOf(store), contact: 'https://epagal.example', allowPrivate }),
      },
    },
    null,
  );
}

async function person(username: string, role: Role, email?: string): Promise<Actor & { kind: 'user' }> {
  const row = await commit(store, { kind: 'system' }, (tx, emit) =>
    insertUser(tx, emit, { username, passwordHash: 'not-a-hash', role, ...(email ? { email } : {}) }),
  );
  return { kind: 'user', id: row.id, role, username };
}

const channel = async (input: Partial<ChannelInput> & { kind: ChannelKind }) => {
  const { channel: made, secret } = await createChannel(store, admin, {
    name: input.kind,
    ...input,
  } as ChannelInput);
  return { ...made, secret };
};
const raise = async (level: AlertLevel = 'high', plate = 'XBA-1234') => {
  truckId += 1;
  const { alertId } = await raiseAlert(
    store,
    {
      kind: 'speeding',
      level,
      subject: { kind: 'truck', id: truckId },
      details: { plate, speedKmh: 95, limitKmh: 60 },
    },
    DEFAULT_ALERT_RULES.coolDownS,
  );
  return alertId;
};
/** Lets the sender do what is due now and waits until nothing is on its way. */
async function deliver(): Promise<void> {
  await sender.pump();
  await sender.settled();
}
const sendings = async (alertId: number) =>
  (await getAlert(store, alertId)).sendings.map(({ kind, state, attempts, lastError }) => ({
    kind,
    state,
    attempts,
    lastError,
  }));

describe('a webhook', () => {
  it('is signed over its time and body, and says the same message id through all attempts', async () => {
    const { secret } = await channel({ kind: 'webhook', url: `${origin}/hook` });
    answers = [503, 200];
    const id = await raise();
    await deliver();
    expect(await sendings(id)).toEqual([
      { kind: 'webhook', state: 'pending', attempts: 1, lastError: 'HTTP 503' },
    ]);
    await deliver();
    expect(heard).toHaveLength(1);
    nowMs += 7_000;
    await deliver();
    expect(await sendings(id)).toEqual([{ kind: 'webhook', state: 'sent', attempts: 2, lastError: null }]);
    expect(results).toEqual([
      ['webhook', 'retried'],
      ['webhook', 'sent'],
    ]);
    expect(new Set(heard.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    for (const { headers, body } of heard) {
      const timestamp = String(headers['x-epagal-timestamp']);
      expect(headers['x-epagal-signature']).toBe(webhookSignature(secret!, timestamp, body.toString('utf8')));
      expect(headers['x-epagal-signature']).not.toBe(webhookSignature(secret!, '1', body.toString('utf8')));
    }
    expect(JSON.parse(heard[1]!.body.toString('utf8'))).toMatchObject({
      notice: 'raised',
      title: '[Alta] Exceso de velocidad: XBA-1234',
      url: `https://epagal.example/control?alert=${id}`,
      alert: { id, kind: 'speeding', level: 'high', details: { speedKmh: 95 } },
    });
  });

  it('in the form of a Telegram bot', async () => {
    await channel({
      kind: 'telegram',
      url: `${origin}/bot123:abc/sendMessage`,
      chatId: '-100200',
      language: 'en',
    });
    await raise();
    await deliver();
    expect(heard[0]!.path).toBe('/bot123:abc/sendMessage');
    const { chat_id, text } = JSON.parse(heard[0]!.body.toString('utf8')) as {
      chat_id: string;
      text: string;
    };
    expect(chat_id).toBe('-100200');
    expect(text).toContain('[High] Speeding: XBA-1234');
  });

  it('is given up at once when refused for good, after nine attempts otherwise; then the installation says so', async () => {
    const { id: channelId } = await channel({ kind: 'webhook', url: `${origin}/gone` });
    answers = [410];
    const refused = await raise();
    await deliver();
    expect(await sendings(refused)).toEqual([
      { kind: 'webhook', state: 'failed', attempts: 1, lastError: 'HTTP 410' },
    ]);
    const failing = () =>
      listAlerts(store, {}).then(({ items }) => items.filter(({ kind }) => kind === 'delivery-failing'));
    expect(await failing()).toMatchObject([{ details: { channelId, message: 'HTTP 410' } }]);

    answers = Array.from({ length: 50 }, () => 500);
    const broken = await raise();
    for (let n = 0; n < MAX_ATTEMPTS + 3; n++) {
      await deliver();
      nowMs += 3_600_000;
    }
    expect(await sendings(broken)).toEqual([
      { kind: 'webhook', state: 'failed', attempts: MAX_ATTEMPTS, lastError: 'HTTP 500' },
    ]);
    answers = [];
    const [dead] = (await getAlert(store, broken)).sendings;
    await retryDelivery(store, admin, dead!.id);
    const [told] = await database.db.select().from(events).where(eq(events.type, 'channel.retried'));
    expect(told).toMatchObject({
      subjectKind: 'channel',
      subjectId: channelId,
      actor: { kind: 'user', id: admin.id },
      data: { deliveryId: dead!.id, alertId: broken },
    });
    await deliver();
    expect(await sendings(broken)).toMatchObject([{ state: 'sent' }]);
    expect(await failing()).toEqual([]);
  });

  it('does not go to private addresses unless the installation says so', async () => {
    await sender.stop();
    sender = startSender(false);
    await channel({ kind: 'webhook', url: `${origin}/inside` });
    await channel({
      kind: 'webhook',
      name: 'by name',
      url: `http://localhost:${new URL(origin).port}/inside`,
    });
    const id = await raise();
    await deliver();
    expect(heard).toEqual([]);
    expect((await sendings(id)).map(({ state, lastError }) => [state, lastError])).toEqual([
      ['failed', 'address-not-allowed'],
      ['failed', 'address-not-allowed'],
    ]);
  });

  it('shows of its address only the host, and its secret once', async () => {
    const { secret } = await channel({ kind: 'webhook', url: `${origin}/secret-path?token=abc` });
    const shown = JSON.stringify(await channelViews(database.db));
    expect(secret).toMatch(/^whsec_[\w-]{43}$/);
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain('secret-path');
  });
});

describe('a letter', () => {
  it('goes to the person, in words, with the same id through all attempts', async () => {
    await channel({ kind: 'mail', userId: admin.id });
    refuseMail = 451;
    const id = await raise('urgent');
    await deliver();
    expect(await sendings(id)).toMatchObject([{ state: 'pending', lastError: 'SMTP 451' }]);
    refuseMail = null;
    nowMs += 60_000;
    await deliver();
    expect(await sendings(id)).toMatchObject([{ state: 'sent', attempts: 2 }]);
    expect(letters).toHaveLength(1);
    expect(letters[0]!.to).toEqual(['jefa@epagal.example']);
    const [row] = await database.db.select().from(alertDeliveries).where(eq(alertDeliveries.alertId, id));
    expect(letters[0]!.text).toContain(`Message-ID: <${row!.messageId}@epagal.example>`);
    expect(letters[0]!.text).toMatch(/Subject: \[Urgente\] Exceso de velocidad: XBA-1234/);
    expect(letters[0]!.text).toContain(
      `https://epagal.example/control?alert=3D${id}`.replace(
        '3D',
        letters[0]!.text.includes('alert=3D') ? '3D' : '',
      ),
    );
  });

  it('to an address the server refuses is given up; words from outside cannot add a header', async () => {
    await channel({ kind: 'mail', to: 'nadie@epagal.example' });
    refuseMail = 550;
    const id = await raise('high', 'XBA\r\nBcc: otro@example.org');
    await deliver();
    expect(await sendings(id)).toMatchObject([{ state: 'failed', lastError: 'SMTP 550' }]);
    refuseMail = null;
    await raise('high', 'XBA\r\nBcc: otro@example.org');
    await deliver();
    expect(letters[0]!.to).toEqual(['nadie@epagal.example']);
    expect(letters[0]!.text.split('\r\n\r\n')[0]).not.toMatch(/^bcc:/im);
  });
});

describe('a push', () => {
  const browser = createPushReceiver();
  const subscribe = (path = '/push/1', receiver = browser) =>
    subscribePush(store, admin, {
      endpoint: `${origin}${path}`,
      p256dh: receiver.p256dh,
      auth: receiver.auth,
    });

  it('is encrypted for the browser and signed with the key the installation made once', async () => {
    await subscribe();
    const id = await raise();
    await deliver();
    expect(await sendings(id)).toMatchObject([{ kind: 'push', state: 'sent' }]);
    const { headers, body } = heard[0]!;
    expect(headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'high', ttl: '14400' });
    expect(JSON.parse(browser.open(body))).toMatchObject({
      alertId: id,
      notice: 'raised',
      title: '[Alta] Exceso de velocidad: XBA-1234',
    });
    expect(() => createPushReceiver().open(body)).toThrow();
    const { claims, publicKey } = checkVapid(String(headers.authorization));
    expect(claims).toMatchObject({ aud: origin, sub: 'https://epagal.example' });
    const [again, other] = await Promise.all([vapidKeysOf(store)(), vapidKeysOf(store)()]);
    expect(again.publicKey).toBe(publicKey);
    expect(other).toEqual(again);
    expect(() => checkVapid(String(headers.authorization).replace(/t=(.)/, 't=f'))).toThrow();
  });

  it('to a browser that went away forgets it, and that alarms nobody', async () => {
    await subscribe('/push/1');
    await subscribe('/push/2');
    answers = [410, 410];
    const id = await raise();
    await deliver();
    expect((await sendings(id)).map(({ state }) => state)).toEqual(['failed', 'failed']);
    expect(await database.db.$count(pushSubscriptions)).toBe(0);
    expect((await listAlerts(store, {})).items.map(({ kind }) => kind)).toEqual(['speeding']);
  });

  it('to a browser that went away with more on the way to it than go at once alarms nobody either', async () => {
    await subscribe();
    answers = [410, 410, 410, 410, 410];
    await sender.stop();
    for (let n = 0; n < 7; n++) await raise();
    sender = startSender();
    await deliver();
    // Some were on their way when the first answer came, the others found the browser forgotten.
    expect(heard.length).toBeLessThan(7);
    const kinds = (await listAlerts(store, {})).items.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['speeding']));
  });

  it('does not reach who is no longer of the room, also of what was queued before', async () => {
    const operator = await person('relevo', 'operator');
    await subscribePush(store, operator, {
      endpoint: `${origin}/push/relevo`,
      p256dh: browser.p256dh,
      auth: browser.auth,
    });
    const before = await raise();
    await database.db.update(users).set({ role: 'driver' }).where(eq(users.id, operator.id));
    const after = await raise();
    await deliver();
    expect(heard).toEqual([]);
    expect(await sendings(before)).toMatchObject([{ state: 'failed', lastError: 'removed' }]);
    expect(await sendings(after)).toEqual([]);
  });

  it('that an admin took away stays away until its owner asks for it, whatever the browser renews', async () => {
    const operator = await person('quitado', 'operator');
    const said = (renewal: boolean) =>
      subscribePush(store, operator, {
        endpoint: `${origin}/push/quitado`,
        p256dh: browser.p256dh,
        auth: browser.auth,
        renewal,
      });
    // A first renewal of a browser nobody took anything from is an agreement: the server has forgotten.
    expect(await said(true)).toEqual({ told: true });
    const ours = async () => (await channelViews(database.db)).filter(({ name }) => name === 'quitado');
    const [made] = await ours();
    expect(await said(true)).toEqual({ told: true });
    expect(await ours()).toHaveLength(1);
    await removeChannel(store, admin, made!.id);
    expect(await said(true)).toEqual({ told: false });
    expect(await ours()).toEqual([]);
    const id = await raise();
    await deliver();
    expect(heard).toEqual([]);
    expect(await sendings(id)).toEqual([]);
    expect(await said(false)).toEqual({ told: true });
    expect(await ours()).toHaveLength(1);
    expect(await said(true)).toEqual({ told: true });
  });

  it('belongs to whoever used the browser last, and ends when that person says so', async () => {
    const operator = await person('turno', 'operator');
    await subscribe();
    await subscribePush(store, operator, {
      endpoint: `${origin}/push/1`,
      p256dh: browser.p256dh,
      auth: browser.auth,
    });
    expect(await unsubscribePush(store, admin, `${origin}/push/1`)).toEqual({ removed: false });
    expect(await unsubscribePush(store, operator, `${origin}/push/1`)).toEqual({ removed: true });
    const citizen = await person('vecino', 'citizen');
    await expect(
      subscribePush(store, citizen, { endpoint: `${origin}/p`, p256dh: browser.p256dh, auth: browser.auth }),
    ).rejects.toMatchObject({ reason: 'wrong-role' });
  });
});

describe('the outbox', () => {
  it('tells each channel only what it wants to hear', async () => {
    const loud = await channel({
      kind: 'webhook',
      name: 'all',
      url: `${origin}/all`,
      minLevel: 'medium',
      sendCleared: true,
    });
    const calm = await channel({
      kind: 'webhook',
      name: 'urgent',
      url: `${origin}/urgent`,
      minLevel: 'urgent',
    });
    const other = await channel({
      kind: 'webhook',
      name: 'offline',
      url: `${origin}/offline`,
      kinds: ['offline'],
    });
    const id = await raise('medium');
    await deliver();
    expect(heard.map(({ path }) => path)).toEqual(['/all']);
    await raiseAlert(
      store,
      { kind: 'speeding', level: 'urgent', subject: { kind: 'truck', id: truckId }, details: {} },
      0,
    );
    await deliver();
    expect(
      heard
        .slice(1)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['/all', '/urgent']);
    await clearAlert(store, admin, { id });
    await deliver();
    expect(
      heard
        .slice(3)
        .map(({ path, body }) => [path, (JSON.parse(body.toString('utf8')) as { notice: string }).notice]),
    ).toEqual([['/all', 'cleared']]);
    await updateChannel(store, admin, { id: loud.id, active: false });
    await raise('high');
    await deliver();
    expect(heard).toHaveLength(4);
    expect([calm.id, other.id]).not.toContain(loud.id);
  });

  it('of a muted alert sends nothing', async () => {
    await channel({ kind: 'webhook', url: `${origin}/hook` });
    const id = await raise('high');
    await deliver();
    await muteAlert(store, admin, { id, muted: true });
    await raiseAlert(
      store,
      { kind: 'speeding', level: 'urgent', subject: { kind: 'truck', id: truckId }, details: {} },
      0,
    );
    await deliver();
    expect(heard).toHaveLength(1);
  });

  it('holds back what is too much for an hour, visibly, and goes on in the next', async () => {
    await channel({ kind: 'webhook', url: `${origin}/hook`, maxPerHour: 3 });
    const ids = [];
    for (let n = 0; n < 5; n++) ids.push(await raise());
    await deliver();
    expect(heard).toHaveLength(3);
    expect(await sendings(ids[4]!)).toEqual([
      { kind: 'webhook', state: 'suppressed', attempts: 0, lastError: 'rate-limit' },
    ]);
    nowMs += 3_601_000;
    await raise();
    await deliver();
    expect(heard).toHaveLength(4);
  });

  it('a channel that never answers delays no other', async () => {
    // However long the others take on a busy machine, the deaf one is waited for longer.
    await sender.stop();
    sender = startSender(true, 150_000);
    const held = new Set<Socket>();
    const deaf = createTcpServer((socket) => void held.add(socket)).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const { id: deafId } = await channel({
      kind: 'webhook',
      name: 'deaf',
      url: `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/`,
    });
    await channel({ kind: 'webhook', name: 'well', url: `${origin}/well` });
    await channel({ kind: 'mail', userId: admin.id });
    for (let n = 0; n < 8; n++) await raise();
    await sender.pump();
    try {
      await expect.poll(() => [heard.length, letters.length]).toEqual([8, 8]);
      expect(held.size).toBeGreaterThan(0);
      // The first of the deaf one's are still being waited for.
      expect(
        (await deliveriesOfChannel(store, deafId)).every(
          ({ state, lastError }) => state === 'pending' && lastError === null,
        ),
      ).toBe(true);
    } finally {
      deaf.close();
      for (const socket of held) socket.destroy();
    }
    await sender.settled();
    expect(letters).toHaveLength(8);
    expect(heard).toHaveLength(8);
  });

  it('is emptied once by several senders, and goes on after one that died in the middle', async () => {
    await channel({ kind: 'webhook', url: `${origin}/hook` });
    const second = startSender();
    for (let n = 0; n < 12; n++) await raise();
    await Promise.all([sender.pump(), second.pump()]);
    await Promise.all([sender.settled(), second.settled()]);
    await second.stop();
    expect(heard).toHaveLength(12);
    expect(new Set(heard.map(({ headers }) => headers['idempotency-key'])).size).toBe(12);
    // As a process that claimed it and was killed leaves it.
    const id = await raise();
    await database.db
      .update(alertDeliveries)
      .set({ attempts: 1, nextAttemptAt: new Date(nowMs + 60_000) })
      .where(eq(alertDeliveries.alertId, id));
    await deliver();
    expect(heard).toHaveLength(12);
    nowMs += 60_000;
    await deliver();
    expect(await sendings(id)).toMatchObject([{ state: 'sent', attempts: 2 }]);
  });

  it('a trial goes out at once and shows how it went; a channel taken away sends no more', async () => {
    const made = await channel({ kind: 'webhook', url: `${origin}/hook` });
    await tryChannel(store, admin, made.id);
    await deliver();
    expect(JSON.parse(heard[0]!.body.toString('utf8'))).toMatchObject({ notice: 'test', alert: null });
    expect(await deliveriesOfChannel(store, made.id)).toMatchObject([{ notice: 'test', state: 'sent' }]);
    answers = [500];
    const id = await raise();
    await deliver();
    await removeChannel(store, admin, made.id);
    nowMs += 60_000;
    await deliver();
    expect(await sendings(id)).toMatchObject([{ state: 'failed', lastError: 'removed' }]);
    await expect(tryChannel(store, admin, made.id)).rejects.toMatchObject({ reason: 'not-found' });
  });
});
