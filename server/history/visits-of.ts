import type { VisitView } from '../../shared/visits.ts';
import type { Database } from '../db/connect.ts';
import { assertStretch } from './truck-history.ts';

interface VisitRow {
  truckId: number;
  place: string;
  stopId: number | null;
  arrivedAt: string;
  leftAt: string | null;
  live: boolean;
}

const COLUMNS = `truck_id::float8 as "truckId", place, stop_id::float8 as "stopId",
  to_char(arrived_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "arrivedAt",
  to_char(left_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "leftAt", live`;

/** Where the trucks are now, by the visits that have not ended. */
export async function openVisits(database: Database): Promise<VisitView[]> {
  const { sql } = database;
  return sql<VisitRow[]>`
    select ${sql.unsafe(COLUMNS)} from visits where left_at is null order by truck_id, arrived_at`;
}

/**
 * A truck's visits that touch an interval, oldest first.
 * @throws DomainError `invalid-input` for a range that is reversed or longer than 31 days
 */
export async function visitsOf(
  database: Database,
  truckId: number,
  from: Date,
  to: Date,
): Promise<VisitView[]> {
  assertStretch(from, to);
  const { sql } = database;
  return sql<VisitRow[]>`
    select ${sql.unsafe(COLUMNS)} from visits
     where truck_id = ${truckId} and arrived_at <= ${to.toISOString()}::timestamptz
       and (left_at is null or left_at >= ${from.toISOString()}::timestamptz)
     order by arrived_at, place`;
}
