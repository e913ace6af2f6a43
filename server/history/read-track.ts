import { DomainError } from '../../shared/errors.ts';
import type { Sql } from '../db/connect.ts';
import { oneTrack, type TrackPoint } from './track-points.ts';

/** More fixes than a truck's devices send in a week at one a second are not read at once. */
const MAX_POINTS = 1_000_000;

/**
 * A truck's plausible fixes between two instants (both included) as one track. Milliseconds since the epoch.
 * @param refuseBeyond more fixes than this are refused, for who would take a part for the whole
 * @throws DomainError `invalid-input`
 */
export async function readTrack(
  sql: Sql,
  truckId: number,
  fromMs: number,
  toMs: number,
  refuseBeyond: number | null = null,
): Promise<TrackPoint[]> {
  const rows = await sql<TrackPoint[]>`
    select round(extract(epoch from k.recorded_at) * 1000)::float8 as t, ST_Y(k.geom) as lat, ST_X(k.geom) as lon,
           k.speed, k.ignition, coalesce(d.kind, 'tracker') as kind
      from tracks k left join devices d on d.id = k.device_id
     where k.truck_id = ${truckId} and k.flag is null
       and k.recorded_at between ${new Date(fromMs).toISOString()}::timestamptz and ${new Date(toMs).toISOString()}::timestamptz
     limit ${refuseBeyond === null ? MAX_POINTS : refuseBeyond + 1}`;
  if (refuseBeyond !== null && rows.length > refuseBeyond) {
    throw new DomainError('invalid-input', `More than ${refuseBeyond} fixes: ask for a shorter range.`, {
      maxFixes: refuseBeyond,
    });
  }
  return oneTrack(rows);
}
