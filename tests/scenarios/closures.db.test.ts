import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeArea, activeClosures, openArea } from '../../server/dispatch/closures.ts';
import { approve } from '../../server/dispatch/approve.ts';
import type { Closure } from '../../server/roads/roads.ts';
import { openRoom, work, type Room } from './room.ts';

let room: Room;
let told: readonly Closure[] = [];
beforeEach(async () => {
  room = await openRoom();
  room.dispatch.roads.setClosures = async (closures) => {
    told = closures;
  };
});
afterEach(() => room.close());

/** A block of the eastern street, around these numbers. */
const block = (from: number, to: number): [number, number][] => [
  [-78.601, -0.93 - from * 0.0001],
  [-78.599, -0.93 - from * 0.0001],
  [-78.599, -0.93 - to * 0.0001],
  [-78.601, -0.93 - to * 0.0001],
];

async function aRouteAlongTheStreet() {
  await room.truck('posterior');
  const reactor = await room.onDuty();
  for (let n = 0; n < 7; n++) await room.validated('zona_critica', 10 * n);
  await reactor.settled();
  return reactor;
}

it('a street closed on the way of a route is told to the router and proposed anew, not changed', async () => {
  const reactor = await aRouteAlongTheStreet();
  const closure = await closeArea(room.store, room.supervisor, { ring: block(22, 28), reason: 'Feria' });
  await reactor.settled();
  expect(told).toHaveLength(1);
  const [proposal] = await room.proposals();
  expect(proposal).toMatchObject({ kind: 'closure', zone: 'oriental' });
  expect((await room.plan()).version).toBe(1);
  await approve(room.store, room.supervisor, { id: proposal!.id });
  expect(work((await room.plan()).routes[0]!)).toHaveLength(7);

  await openArea(room.store, room.supervisor, closure.id);
  expect(await activeClosures(room.database, room.now())).toEqual([]);
  await expect(openArea(room.store, room.supervisor, closure.id)).rejects.toMatchObject({
    reason: 'not-found',
  });
});

it('one that touches no route makes no proposal, and ends by its hour', async () => {
  const reactor = await aRouteAlongTheStreet();
  const endsAt = new Date(room.now() + 60 * 60_000).toISOString();
  await closeArea(room.store, room.supervisor, { ring: block(400, 410), reason: 'Obra', endsAt });
  await reactor.settled();
  expect(await room.proposals()).toEqual([]);
  expect(await activeClosures(room.database, room.now())).toHaveLength(1);
  room.later(61);
  expect(await activeClosures(room.database, room.now())).toEqual([]);
});

it('a province closed by a slip, or one that ended before it began, is refused', async () => {
  const wide: [number, number][] = [
    [-78.7, -1],
    [-78.5, -1],
    [-78.5, -0.8],
  ];
  await expect(closeArea(room.store, room.supervisor, { ring: wide, reason: 'x' })).rejects.toMatchObject({
    reason: 'invalid-input',
    detail: { fields: ['ring'] },
  });
  await expect(
    closeArea(room.store, room.supervisor, {
      ring: block(1, 2),
      reason: 'x',
      endsAt: '2020-01-01T00:00:00Z',
    }),
  ).rejects.toMatchObject({ detail: { fields: ['endsAt'] } });
});
