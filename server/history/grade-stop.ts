import { and, eq, inArray } from 'drizzle-orm';
import { SYSTEM } from '../../shared/actor.ts';
import type { Point } from '../../shared/geo.ts';
import { decodePolyline } from '../../shared/polyline.ts';
import type { EvidenceGrade } from '../../shared/visits.ts';
import { routes, stops } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { betterGrade, gradeOf } from './evidence.ts';
import { readTrack } from './read-track.ts';

/** A crew presses "done" when it arrives, or on its way to the next stop. */
const AFTER_MS = 3 * 60_000;
/** Without the instant its route began, evidence is looked for this far back. */
const BEFORE_MS = 12 * 3_600_000;

/**
 * Grades the service of a stop that is done or failed, by its truck's track from the start of the route to the stop's end, and
 * keeps the grade with the stop. More track never lowers a grade.
 * @returns the grade; null while the stop is open, or when there is no data
 */
export async function gradeStop(store: Store, stopId: number): Promise<EvidenceGrade | null> {
  const { database } = store;
  const [found] = await database.db
    .select({ stop: stops, route: routes })
    .from(stops)
    .innerJoin(routes, eq(routes.id, stops.routeId))
    .where(and(eq(stops.id, stopId), inArray(stops.state, ['done', 'failed'])));
  if (!found || found.stop.finishedAt === null) return null;
  const { stop, route } = found;
  const finishedMs = stop.finishedAt!.getTime();
  const fromMs = Math.max(route.startedAt?.getTime() ?? 0, finishedMs - BEFORE_MS);
  const { rules } = await currentRules(database.db);
  const at = { lat: stop.lat, lon: stop.lon };
  const track = await readTrack(database.sql, route.truckId, fromMs, finishedMs + AFTER_MS);
  const hasWord = stop.closedBy !== 'visit';
  const proved = gradeOf(track, { at, street: (await streetOf(store, stopId)) ?? at }, rules.visits, hasWord);
  const grade = betterGrade(stop.evidence, proved);
  if (grade === null || grade === stop.evidence) return grade;
  await commit(store, SYSTEM, async (tx, emit) => {
    const [row] = await tx
      .update(stops)
      .set({ evidence: grade })
      .where(and(eq(stops.id, stopId), inArray(stops.state, ['done', 'failed'])))
      .returning({ id: stops.id });
    if (!row) return;
    emit({
      type: 'stop.graded',
      subject: { kind: 'stop', id: stopId },
      zone: route.zone,
      data: { truckId: route.truckId, grade, before: stop.evidence },
    });
  });
  return grade;
}

/** Where the planned way to a stop ends: its street. Null when the plan no longer shows the stop. */
async function streetOf(store: Store, stopId: number): Promise<Point | null> {
  const [row] = await store.database.sql<{ leg: string | null }[]>`
    select s.value ->> 'leg' as leg
      from plan_head h
      join plan_versions v on v.version = h.version
      cross join lateral jsonb_array_elements(v.document -> 'routes') r
      cross join lateral jsonb_array_elements(r.value -> 'stops') s
     where (s.value ->> 'stopId')::bigint = ${stopId}`;
  const last = row?.leg ? decodePolyline(row.leg).at(-1) : undefined;
  return last === undefined ? null : { lon: last[0], lat: last[1] };
}
