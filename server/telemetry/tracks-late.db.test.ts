import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { addDevice, connectDevice, startTelemetryServer } from '../../tests/telemetry/telemetry-server.ts';
import { silentLog } from '../ops/log.ts';
import { watchVisits } from '../history/visit-watch.ts';
import { visitsOf } from '../history/visits-of.ts';
import { destination } from '../../shared/geo.ts';
import { DEFAULT_RULES } from '../../shared/rules.ts';

const HOURS = 4;
const FIXES = HOURS * 3_600;

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database?.drop());

/**
 * Four hours offline at a fix a second: an hour at the depot, two hours of driving with ten minutes at the landfill in
 * between, and an hour at the depot again, up to now.
 */
function fourHours(endMs: number): { t: number; lat: number; lon: number; speed: number }[] {
  const { depot, landfill } = DEFAULT_RULES;
  const beginMs = endMs - FIXES * 1_000;
  return Array.from({ length: FIXES }, (_, s) => {
    const onWay = s < 3_600 || s >= 10_800 ? null : s;
    if (onWay === null) return { t: beginMs + s * 1_000, ...depot, speed: 0 };
    const isThere = onWay >= 7_000 && onWay < 7_600;
    if (isThere) return { t: beginMs + s * 1_000, ...landfill, speed: 0 };
    // Out and back on the straight way, slow enough for anybody.
    const share = onWay < 7_000 ? (onWay - 3_600) / 3_400 : (10_800 - onWay) / 3_200;
    const lat = depot.lat + share * (landfill.lat - depot.lat);
    const lon = depot.lon + share * (landfill.lon - depot.lon);
    return { t: beginMs + s * 1_000, ...destination({ lat, lon }, s % 360, 2), speed: 2 };
  });
}

describe('a device that was offline for four hours', () => {
  it.each(['oldest', 'newest'] as const)(
    'sends 14,400 fixes, %s first: history is whole, its visits are there, nobody was told of them',
    async (order) => {
      const server = await startTelemetryServer(database, { tickMs: 20 });
      const watch = watchVisits({
        store: server.store,
        holder: `test-${order}`,
        log: silentLog(),
        tickMs: null,
      });
      const ids = await addDevice(database);
      const client = await connectDevice(server.wsUrl, ids.token);
      const fixes = fourHours(Date.now());
      if (order === 'newest') fixes.reverse();
      let stored = 0;
      for (let seq = 0; seq * 1_000 < FIXES; seq++) {
        const frame = fixes.slice(seq * 1_000, (seq + 1) * 1_000);
        stored += ((await client.ask({ seq, fixes: frame })) as { stored: number }).stored;
        if (seq === 3) await watch.look();
      }
      expect(stored).toBe(FIXES);
      client.socket.terminate();
      // Stopping writes what waits: latest positions and late stretches.
      await server.close();
      const { sql } = database;
      const behind = async () =>
        (
          await sql<{ behind: boolean }[]>`
            select exists (select 1 from late_tracks)
                or (select coalesce(max(seen_to), 'epoch') from visit_states where truck_id = ${ids.truckId})
                   < (select max(recorded_at) from tracks where truck_id = ${ids.truckId}) as behind`
        )[0]!.behind;
      do await watch.look();
      while (await behind());

      const [beginMs, endMs] =
        order === 'oldest' ? [fixes[0]!.t, fixes.at(-1)!.t] : [fixes.at(-1)!.t, fixes[0]!.t];
      const visits = await visitsOf(database, ids.truckId, new Date(beginMs), new Date(endMs));
      const places = visits
        .filter(({ place }) => !place.startsWith('zone'))
        .map(({ place, leftAt }) => [place, leftAt !== null]);
      expect(places).toEqual([
        ['depot', true],
        ['landfill', true],
        ['depot', false],
      ]);
      const told = await sql<{ place: string }[]>`
        select data ->> 'place' as place from events where type = 'truck.entered' and subject_id = ${ids.truckId}`;
      expect(told.filter(({ place }) => place === 'landfill')).toEqual([]);
      await watch.stop();
    },
    240_000,
  );
});
