import type { ServedStop } from '../../shared/history.ts';
import type { Database } from '../db/connect.ts';
import { assertStretch } from './truck-history.ts';

/**
 * What a truck did between two instants, stop by stop, with the evidence for it; oldest first.
 * @throws DomainError `invalid-input` for a range that is reversed or longer than 31 days
 */
export async function servedStops(
  database: Database,
  truckId: number,
  from: Date,
  to: Date,
): Promise<ServedStop[]> {
  assertStretch(from, to);
  const { sql } = database;
  const iso = (column: string) => sql.unsafe(`to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);
  return sql<ServedStop[]>`
    select s.id::float8 as id, s.kind, s.state, s.address, s.lat, s.lon, s.incident_id::float8 as "incidentId",
           s.closed_by as "closedBy", s.evidence, s.fail_reason as "failReason",
           ${iso('s.arrived_at')} as "arrivedAt", ${iso('s.left_at')} as "leftAt", ${iso('s.finished_at')} as "finishedAt"
      from stops s join routes r on r.id = s.route_id
     where r.truck_id = ${truckId} and s.kind <> 'depot'
       and coalesce(s.arrived_at, s.finished_at) between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz
     order by coalesce(s.arrived_at, s.finished_at), s.id limit 1000`;
}
