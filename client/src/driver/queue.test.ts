import { describe, expect, it } from 'vitest';
import { createQueue, verdictOf } from './queue.ts';
import { holdMs, type Action, type Work } from './work.ts';

/** A phone in a world where the network and the clock do as told. */
function phone(kept: Action[] = []) {
  const world = {
    nowMs: 0,
    /** Reason of refusal by client id, or for everything. */
    refuse: new Map<string, string>(),
    down: null as string | null,
    calls: [] as string[],
    sent: [] as string[],
    refused: [] as string[],
    timers: [] as { atMs: number; run: () => void }[],
    online: true,
    signedOut: false,
  };
  const store = new Map(kept.map((action) => [action.clientId, action]));
  const queue = createQueue({
    store: {
      all: async () => [...store.values()],
      put: async (action) => void store.set(action.clientId, action),
      remove: async (action) => void store.delete(action.clientId),
    },
    async send(action) {
      world.calls.push(action.clientId);
      const reason = world.down ?? world.refuse.get(action.clientId);
      if (reason !== undefined && reason !== null) throw new Error(reason);
    },
    reasonOf: (error) => (error as Error).message,
    nowMs: () => world.nowMs,
    later: (run, ms) => void world.timers.push({ atMs: world.nowMs + ms, run }),
    changed: () => undefined,
    sent: (action) => world.sent.push(action.clientId),
    refused: (action, reason) => world.refused.push(`${action.clientId}:${reason}`),
    reached: (ok) => (world.online = ok),
    signedOut: () => (world.signedOut = true),
  });
  return { world, store, queue };
}

const action = (clientId: string, order: number, work: Work, atMs = 0): Action => ({
  clientId,
  order,
  atMs,
  sendAfterMs: atMs + holdMs(work),
  stopNumber: order,
  work,
});
const depart = (id: string, order: number) => action(id, order, { kind: 'depart', stopId: order });
const complete = (id: string, order: number) => action(id, order, { kind: 'complete', stopId: order });

describe('the queue of a phone', () => {
  it('sends in order, each once', async () => {
    const { world, queue, store } = phone([complete('b', 2), depart('a', 1)]);
    world.nowMs = 8_000;
    await queue.load();
    await queue.flush();
    expect(world.sent).toEqual(['a', 'b']);
    expect(store.size).toBe(0);
  });

  it('holds an answer for eight seconds, and what follows waits behind it', async () => {
    const { world, queue } = phone();
    await queue.add(complete('a', 1));
    await queue.add(depart('b', 2));
    await queue.flush();
    expect(world.calls).toEqual([]);
    expect(world.timers[0]!.atMs).toBe(8_000);
    world.nowMs = 8_000;
    await queue.flush();
    expect(world.sent).toEqual(['a', 'b']);
  });

  it('an undone answer is never sent, nor what was done after it', async () => {
    const { world, queue, store } = phone();
    await queue.add(complete('a', 1));
    await queue.add(depart('b', 2));
    await queue.undo('a');
    world.nowMs = 9_000;
    await queue.flush();
    expect(world.calls).toEqual([]);
    expect(store.size).toBe(0);
  });

  it('keeps everything while there is no network, also over a restart', async () => {
    const first = phone();
    first.world.down = 'offline';
    await first.queue.add(depart('a', 1));
    await first.queue.add(complete('b', 2));
    await first.queue.flush();
    expect(first.world.online).toBe(false);
    expect(first.store.size).toBe(2);

    const second = phone([...first.store.values()]);
    second.world.nowMs = 60_000;
    await second.queue.load();
    await second.queue.flush();
    expect(second.world.sent).toEqual(['a', 'b']);
  });

  it('names what the server refuses and goes on with the rest', async () => {
    const { world, queue } = phone([complete('a', 1), depart('b', 2)]);
    world.nowMs = 8_000;
    world.refuse.set('a', 'not-yours');
    await queue.load();
    await queue.flush();
    expect(world.refused).toEqual(['a:not-yours']);
    expect(world.sent).toEqual(['b']);
  });

  it('waits for a new session without losing anything', async () => {
    const { world, queue, store } = phone([depart('a', 1)]);
    world.down = 'not-signed-in';
    await queue.load();
    await queue.flush();
    expect(world.signedOut).toBe(true);
    expect(store.size).toBe(1);
  });
});

describe('what becomes of a refusal', () => {
  it.each([
    ['depart', 'invalid-transition', 1, 'settled'],
    ['complete', 'invalid-transition', 1, 'refused'],
    ['complete', 'offline', 50, 'wait'],
    ['fail', 'too-many-requests', 1, 'wait'],
    ['finish', 'not-signed-in', 1, 'sign-in'],
    ['complete', 'internal', 4, 'wait'],
    ['complete', 'internal', 5, 'refused'],
  ] as const)('%s, %s, attempt %i → %s', (kind, reason, attempts, verdict) => {
    expect(verdictOf(kind, reason, attempts)).toBe(verdict);
  });
});
