import { DomainError } from '../../shared/errors.ts';
import type { FixFlag, TrackView } from '../../shared/telemetry.ts';
import type { Database } from '../db/connect.ts';

export const TRACK_DAYS_MAX = 31;
export const TRACK_FIXES_MAX = 100_000;

interface TrackFixRow {
  t: number;
  lat: number;
  lon: number;
  speed: number | null;
  heading: number | null;
  accuracy: number | null;
  flag: FixFlag | null;
}

/**
 * A truck's fixes of all its devices between two instants (both included), ascending; implausible ones carry their
 * flag.
 * @throws DomainError `invalid-input` for a range that is reversed, longer than 31 days or holds more than 100,000
 * fixes; `not-found` for a truck that does not exist
 */
export async function trackOf(
  database: Database,
  truckId: number,
  from: Date,
  to: Date,
  maxFixes = TRACK_FIXES_MAX,
): Promise<TrackView> {
  if (to < from) throw new DomainError('invalid-input', 'The end lies before the start.', { fields: ['to'] });
  if (to.getTime() - from.getTime() > TRACK_DAYS_MAX * 86_400_000) {
    throw new DomainError('invalid-input', `A track covers at most ${TRACK_DAYS_MAX} days.`, {
      fields: ['from', 'to'],
    });
  }
  const rows = await database.sql<TrackFixRow[]>`
    select round(extract(epoch from recorded_at) * 1000)::float8 as t, ST_Y(geom) as lat, ST_X(geom) as lon,
           speed, heading, accuracy, flag
      from tracks
     where truck_id = ${truckId} and recorded_at between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz
     order by recorded_at, device_id
     limit ${maxFixes + 1}`;
  if (rows.length > maxFixes) {
    throw new DomainError('invalid-input', `More than ${maxFixes} fixes: ask for a shorter range.`, {
      maxFixes,
    });
  }
  if (rows.length === 0) await assertTruck(database, truckId);
  return { fixes: rows.map(viewOf) };
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
