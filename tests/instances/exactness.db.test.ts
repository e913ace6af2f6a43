import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMPTY_TRAIL, extendTrail, type Sighting } from '../../server/telemetry/filters.ts';
import { openTestDatabase, testDatabaseKind, type TestDatabase } from '../database/open.ts';
import {
  addDevice,
  connectDevice,
  startTelemetryServer,
  type TelemetryServer,
} from '../telemetry/telemetry-server.ts';

const PLACES = [
  { lat: -0.93, lon: -78.61 },
  { lat: -0.9302, lon: -78.61 },
  { lat: -0.93, lon: -78.34 },
  { lat: -0.66, lon: -78.61 },
];

/** What a device recorded, and how it arrives: cut into frames that overlap, in any order, each at one of two servers. */
const journeys = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.nat(PLACES.length - 1)), {
    minLength: 1,
    maxLength: 50,
  })
  .chain((given) => {
    const byT = new Map(given);
    const fixes = [...byT].map(([second, place]) => ({ t: second * 500, ...PLACES[place]! }));
    return fc.record({
      shuffled: fc.shuffledSubarray(fixes, { minLength: fixes.length, maxLength: fixes.length }),
      again: fc.array(fc.subarray(fixes, { minLength: 1 }), { maxLength: 4 }),
      size: fc.integer({ min: 1, max: 9 }),
      at: fc.infiniteStream(fc.nat(1)),
      /** Frames a server is given before its answers are awaited. */
      inFlight: fc.integer({ min: 1, max: 5 }),
    });
  });

/** The only right result: the fold over all distinct fixes in time order. */
function expectedRows(fixes: readonly Sighting[]): { t: number; flag: string | null }[] {
  let end = EMPTY_TRAIL;
  return [...fixes]
    .sort((a, b) => a.t - b.t)
    .map((fix) => {
      const step = extendTrail(end, fix);
      end = step.end;
      return { t: fix.t, flag: step.flag };
    });
}

describe.runIf(testDatabaseKind() === 'postgres')('fixes of one device that arrive at two servers', () => {
  let database: TestDatabase;
  let servers: TelemetryServer[];
  const databases: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    database = await openTestDatabase();
    const other = await database.again();
    databases.push(other);
    const rate = { framesPerS: 1e6, frameBurst: 1e6, fixesPerDay: 1e9 };
    servers = [
      await startTelemetryServer(database, { tickMs: 5, gateway: { rate } }),
      await startTelemetryServer(other, { tickMs: 5, gateway: { rate } }),
    ];
  });
  afterAll(async () => {
    for (const server of servers ?? []) await server.close();
    for (const one of databases) await one.close();
    await database?.drop();
  });

  it('end in the same rows, flags and counts, in every order, overlap and interleaving', async () => {
    let day = 0;
    await fc.assert(
      fc.asyncProperty(journeys, async ({ shuffled, again, size, at, inFlight }) => {
        const { deviceId, token } = await addDevice(database);
        const from = Date.now() - 6 * 86_400_000 + (day++ % 100) * 3_600_000;
        const shift = (fixes: readonly Sighting[]) => fixes.map((fix) => ({ ...fix, t: from + fix.t }));
        const frames: Sighting[][] = again.map(shift);
        for (let i = 0; i < shuffled.length; i += size) frames.push(shift(shuffled.slice(i, i + size)));
        const queues: Sighting[][][] = [[], []];
        for (const frame of frames) queues[at.next().value!]!.push(frame);

        let stored = 0;
        let duplicate = 0;
        await Promise.all(
          queues.map(async (queue, which) => {
            const client = await connectDevice(servers[which]!.wsUrl, token);
            for (let i = 0; i < queue.length; i += inFlight) {
              const sent = queue.slice(i, i + inFlight);
              for (const [n, fixes] of sent.entries()) client.send(JSON.stringify({ seq: i + n, fixes }));
              for (const [n] of sent.entries()) {
                const answer = await client.next();
                expect(answer.rejected).toEqual([]);
                expect(answer.ack).toBeGreaterThanOrEqual(i);
                expect(answer.ack).toBeLessThan(i + sent.length);
                stored += answer.stored as number;
                duplicate += answer.duplicate as number;
                expect(n).toBeLessThan(sent.length);
              }
            }
            client.close();
            await client.closed;
          }),
        );
        const rows = await database.sql<{ t: number; flag: string | null }[]>`
          select round(extract(epoch from recorded_at) * 1000)::float8 as t, flag
            from tracks where device_id = ${deviceId} order by recorded_at`;
        expect(rows.map((row) => ({ ...row }))).toEqual(expectedRows(shift(shuffled)));
        // Each fix was stored by exactly one of all the frames that brought it.
        expect(stored).toBe(shuffled.length);
        expect(duplicate).toBe(frames.flat().length - shuffled.length);
      }),
      { seed: 20_261_124, numRuns: 40 },
    );
  });

  it('never move a marker back, on either server', async () => {
    const { deviceId, token } = await addDevice(database);
    const t = Date.now() - 14_400_000;
    const all = Array.from({ length: 2_000 }, (_, i) => ({ t: t + i * 7_000, ...PLACES[0]! }));
    const seen: number[][] = [[], []];
    const clients = await Promise.all(servers.map((server) => connectDevice(server.wsUrl, token)));
    const look = () =>
      servers.forEach(({ telemetry }, which) => {
        const at = telemetry.fleet.device(deviceId)?.t;
        if (at !== undefined) seen[which]!.push(at);
      });
    // The newest comes first and live; the four hours before it, newest first, by both servers.
    await clients[0]!.ask({ seq: 0, fixes: [all.at(-1)] });
    for (let i = all.length; i > 0; i -= 500) {
      const backlog = all.slice(i - 500, i).toReversed();
      await Promise.all(clients.map((client) => client.ask({ seq: i, fixes: backlog }).then(look)));
    }
    for (const instants of seen) expect(instants).toEqual(instants.toSorted((a, b) => a - b));
    expect(seen[0]!.every((at) => at === all.at(-1)!.t)).toBe(true);
    const [row] = await database.sql<{ count: number }[]>`
      select count(*)::int as count from tracks where device_id = ${deviceId}`;
    expect(row!.count).toBe(2_000);
    for (const client of clients) client.close();
  });
});
