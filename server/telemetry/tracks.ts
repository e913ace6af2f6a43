import { setImmediate } from 'node:timers/promises';
import { DomainError } from '../../shared/errors.ts';
import type { FixFlag, TrackView } from '../../shared/telemetry.ts';
import type { Database } from '../db/connect.ts';
import { keptOf } from '../history/thin.ts';

export const TRACK_DAYS_MAX = 31;
/** More than this is told thinned. */
export const TRACK_FIXES_MAX = 100_000;
/** As many are read to be thinned: a week of a truck at one a second. */
const TRACK_READ_MAX = 1_000_000;
/** Thinning begins with what no map shows. */
const FIRST_TOLERANCE_M = 2;
const LAST_TOLERANCE_M = 512;
/** So many are thinned in a row, some tens of milliseconds: devices and screens wait in the same process. */
const THINNED_IN_A_ROW = 10_000;

interface TrackFixRow {
  deviceId: number;
  t: number;
  lat: number;
  lon: number;
  speed: number | null;
  heading: number | null;
  accuracy: number | null;
  flag: FixFlag | null;
  ignition: boolean | null;
}

/**
 * A truck's fixes of all its devices between two instants (both included), ascending; implausible ones carry their
 * flag. Of more than 100,000 those are told that hold the way, within a bound that is told with them.
 * @throws DomainError `invalid-input` for a range that is reversed, longer than 31 days or holds more than a million
 * fixes; `not-found` for a truck that does not exist
 */
export async function trackOf(
  database: Database,
  truckId: number,
  from: Date,
  to: Date,
  maxFixes = TRACK_FIXES_MAX,
  maxRead = TRACK_READ_MAX,
): Promise<TrackView> {
  if (to < from) throw new DomainError('invalid-input', 'The end lies before the start.', { fields: ['to'] });
  if (to.getTime() - from.getTime() > TRACK_DAYS_MAX * 86_400_000) {
    throw new DomainError('invalid-input', `A track covers at most ${TRACK_DAYS_MAX} days.`, {
      fields: ['from', 'to'],
    });
  }
  const rows = await database.sql<TrackFixRow[]>`
    select round(extract(epoch from recorded_at) * 1000)::float8 as t, ST_Y(geom) as lat, ST_X(geom) as lon,
           speed, heading, accuracy, flag, ignition, device_id::float8 as "deviceId"
      from tracks
     where truck_id = ${truckId} and recorded_at between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz
     order by recorded_at, device_id
     limit ${maxRead + 1}`;
  if (rows.length > maxRead) throw tooMany(maxRead);
  if (rows.length > maxFixes) {
    const { kept, toleranceM } = await thinTo(rows, maxFixes);
    return { fixes: kept.map(viewOf), thinned: { of: rows.length, toleranceM } };
  }
  if (rows.length === 0) await assertTruck(database, truckId);
  return { fixes: rows.map(viewOf) };
}

/** The plausible fixes that hold each device's way, to the narrowest bound under which they are few enough. */
async function thinTo(
  rows: readonly TrackFixRow[],
  maxFixes: number,
): Promise<{ kept: TrackFixRow[]; toleranceM: number }> {
  const byDevice = new Map<number, TrackFixRow[]>();
  for (const row of rows) {
    if (row.flag !== null) continue;
    const track = byDevice.get(row.deviceId);
    if (track === undefined) byDevice.set(row.deviceId, [row]);
    else track.push(row);
  }
  for (let toleranceM = FIRST_TOLERANCE_M; toleranceM <= LAST_TOLERANCE_M; toleranceM *= 4) {
    const kept: TrackFixRow[] = [];
    for (const track of byDevice.values()) {
      for (let from = 0; from < track.length && kept.length <= maxFixes; from += THINNED_IN_A_ROW) {
        await setImmediate();
        const piece = track.slice(from, from + THINNED_IN_A_ROW);
        for (const index of keptOf(piece, toleranceM)) kept.push(piece[index]!);
      }
    }
    if (kept.length <= maxFixes)
      return { kept: kept.sort((a, b) => a.t - b.t || a.deviceId - b.deviceId), toleranceM };
  }
  throw tooMany(maxFixes);
}

function tooMany(maxFixes: number): DomainError {
  return new DomainError('invalid-input', `More than ${maxFixes} fixes: ask for a shorter range.`, {
    maxFixes,
  });
}

async function assertTruck(database: Database, truckId: number): Promise<void> {
  const [truck] = await database.sql`select 1 from trucks where id = ${truckId}`;
  if (!truck) throw new DomainError('not-found', 'No such truck.', { truckId });
}

function viewOf(row: TrackFixRow): TrackView['fixes'][number] {
  return {
    t: row.t,
    lat: row.lat,
    lon: row.lon,
    ...(row.speed === null ? {} : { speed: row.speed }),
    ...(row.heading === null ? {} : { heading: row.heading }),
    ...(row.accuracy === null ? {} : { accuracy: row.accuracy }),
    ...(row.flag === null ? {} : { flag: row.flag }),
  };
}
