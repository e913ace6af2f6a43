import { expect, it } from 'vitest';
import { createRoads } from './osrm-client.ts';
import { withClosures } from './closure-transport.ts';
import type { Closure } from './roads.ts';
import type { OsrmTransport } from './transport.ts';

const CLOSED: Closure = {
  kind: 'polygon',
  ring: [
    [0, 0],
    [0, 1],
    [1, 1],
  ],
};

function router(name: string): { transport: OsrmTransport; told: (readonly Closure[])[] } {
  const told: (readonly Closure[])[] = [];
  const transport: OsrmTransport = Object.assign(
    async () => ({
      status: 200,
      body: { code: 'Ok', waypoints: [{ location: [0, 0], distance: 1, name }] },
    }),
    {
      async setClosures(closures: readonly Closure[]) {
        told.push(closures);
      },
    },
  );
  return { transport, told };
}

it('a closed street is asked of the embedded router, until it is open again', async () => {
  const osrm = router('osrm');
  const embedded = router('embedded');
  const roads = createRoads(withClosures(osrm.transport, embedded.transport), {
    engine: 'osrm',
    now: () => 0,
  });
  expect((await roads.nearest([1, 1]))?.name).toBe('osrm');
  await roads.setClosures([CLOSED]);
  expect((await roads.nearest([2, 2]))?.name).toBe('embedded');
  expect(embedded.told).toEqual([[CLOSED]]);
  expect(osrm.told).toEqual([]);
  expect(roads.state().status).toBe('ok');
  await roads.setClosures([]);
  expect((await roads.nearest([3, 3]))?.name).toBe('osrm');
  await roads.close();
});
