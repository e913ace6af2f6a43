import { eq, sql } from 'drizzle-orm';
import { SYSTEM } from '../../shared/actor.ts';
import type { Rules } from '../../shared/rules.ts';
import { stopIdOf } from '../../shared/visits.ts';
import type { Tx } from '../db/connect.ts';
import { visits } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { closeVisited } from '../fleet/close-visited.ts';
import { lockPlanHead } from '../fleet/lock-plan-head.ts';
import type { Place, PlaceState } from '../telemetry/geofences.ts';
import type { LateStretch } from '../telemetry/tracks-late.ts';
import { foldVisits, type DecidedVisit } from './visit-fold.ts';
import { commonPlaces, stopPlaces } from './visit-places.ts';
import { readTrack } from './read-track.ts';

/** Fixes around the stretch can change what it says by this much: dwell, leaving, a trip between two devices. */
const MARGIN_MS = 30 * 60_000;
/** An open visit is followed at most this far for its end. */
const FOLLOW_MS = 24 * 3_600_000;

interface Stay {
  placeId: string;
  arrivedMs: number;
  /** Null = still there where the track looked at ends. */
  leftMs: number | null;
}

interface StoredStay extends Stay {
  id: number;
  live: boolean;
}

/**
 * Visits of a stretch of track anew, from all fixes that are there now: what is missing is added, what was cut is put
 * right, and stops that were visited are closed where the rule says so. Nothing is told as if it happened now. The live
 * fold has looked up to `seenToMs`; what lies after is its matter.
 * @returns the stops whose evidence may be better now
 */
export async function reviseVisits(
  store: Store,
  rules: Rules,
  stretch: LateStretch,
  seenToMs: number,
): Promise<number[]> {
  const reader = store.database.sql;
  const { truckId } = stretch;
  const fromMs = stretch.fromMs - MARGIN_MS;
  const toMs = Math.min(stretch.toMs + MARGIN_MS, seenToMs);
  if (toMs <= fromMs) return [];
  const places = [...commonPlaces(rules), ...(await placesOfRoutes(store, rules, truckId, fromMs, toMs))];
  const stored = await storedStays(store, truckId, fromMs, toMs);
  const spanning = stored.filter((stay) => stay.arrivedMs <= fromMs);
  const begin = new Map<string, PlaceState>(
    spanning.map((stay) => [
      stay.placeId,
      { insideSinceT: stay.arrivedMs, outsideSinceT: null, isVisiting: true },
    ]),
  );
  const { state, visits: folded } = foldVisits(
    begin,
    await readTrack(reader, truckId, fromMs + 1, toMs),
    places,
  );
  let all: DecidedVisit[] = folded;
  if ([...state.values()].some((place) => place.isVisiting) && toMs < seenToMs) {
    const rest = await readTrack(reader, truckId, toMs + 1, Math.min(seenToMs, toMs + FOLLOW_MS));
    all = [...folded, ...endings(foldVisits(state, rest, places).visits)];
  }
  const stays = staysOf(spanning, all);
  await commit(store, SYSTEM, async (tx, emit) => {
    await lockPlanHead(tx);
    await keep(tx, truckId, stays, stored, fromMs);
    for (const { placeId, arrivedMs, leftMs } of stays) {
      const stopId = stopIdOf(placeId);
      if (stopId === null || leftMs === null) continue;
      await closeVisited(tx, emit, rules, { stopId, truckId, arrivedMs, leftMs });
    }
  });
  return betterableStops(store, truckId, fromMs);
}

/** Stops that ended since, and whose grade more track can better. */
async function betterableStops(store: Store, truckId: number, fromMs: number): Promise<number[]> {
  const rows = await store.database.sql<{ id: number }[]>`
    select s.id::float8 as id from stops s join routes r on r.id = s.route_id
     where r.truck_id = ${truckId} and s.state in ('done','failed') and s.evidence is distinct from 'A'
       and s.finished_at >= to_timestamp(${fromMs}::float8 / 1000)
     order by s.id limit 500`;
  return rows.map(({ id }) => id);
}

/** Of what follows the stretch only the ends of visits begun before matter. */
function endings(visits: readonly DecidedVisit[]): DecidedVisit[] {
  const arrivedAgain = new Set<string>();
  return visits.filter((visit) => {
    if (visit.kind === 'arrived') arrivedAgain.add(visit.placeId);
    return visit.kind === 'departed' && !arrivedAgain.has(visit.placeId);
  });
}

function staysOf(spanning: readonly Stay[], visits: readonly DecidedVisit[]): Stay[] {
  const stays: Stay[] = spanning.map(({ placeId, arrivedMs }) => ({ placeId, arrivedMs, leftMs: null }));
  for (const visit of visits) {
    if (visit.kind === 'arrived') stays.push({ placeId: visit.placeId, arrivedMs: visit.at, leftMs: null });
    else {
      const open = stays.findLast((stay) => stay.placeId === visit.placeId && stay.leftMs === null);
      if (open) open.leftMs = visit.at;
    }
  }
  return stays;
}

/** Puts the stored visits in step with the stays; one that was told live is never taken back. */
async function keep(
  tx: Tx,
  truckId: number,
  stays: readonly Stay[],
  stored: readonly StoredStay[],
  fromMs: number,
): Promise<void> {
  const left = new Set(stored);
  for (const stay of stays) {
    const same = [...left].find((other) => isSame(other, stay));
    if (same) {
      left.delete(same);
      const leftMs = stay.leftMs ?? same.leftMs;
      await tx
        .update(visits)
        .set({ arrivedAt: new Date(stay.arrivedMs), leftAt: leftMs === null ? null : new Date(leftMs) })
        .where(eq(visits.id, same.id));
    } else if (stay.leftMs !== null) {
      // One that has not ended is the live fold's to find.
      await tx
        .insert(visits)
        .values({
          truckId,
          place: stay.placeId,
          stopId: stopIdOf(stay.placeId),
          arrivedAt: new Date(stay.arrivedMs),
          leftAt: new Date(stay.leftMs),
          live: false,
        })
        .onConflictDoNothing();
    }
  }
  for (const gone of left) {
    if (!gone.live && gone.arrivedMs > fromMs) await tx.delete(visits).where(eq(visits.id, gone.id));
  }
  await tx.execute(sql`
    update stops s set arrived_at = v.arrived, left_at = v.left_at
      from (select stop_id, min(arrived_at) as arrived,
                   case when bool_or(left_at is null) then null else max(left_at) end as left_at
              from visits
             where truck_id = ${truckId} and stop_id in (
                   select stop_id from visits
                    where truck_id = ${truckId} and arrived_at >= to_timestamp(${fromMs}::float8 / 1000))
             group by stop_id) v
     where s.id = v.stop_id`);
}

function isSame(a: Stay, b: Stay): boolean {
  return (
    a.placeId === b.placeId && a.arrivedMs <= (b.leftMs ?? Infinity) && b.arrivedMs <= (a.leftMs ?? Infinity)
  );
}

async function placesOfRoutes(
  store: Store,
  rules: Rules,
  truckId: number,
  fromMs: number,
  toMs: number,
): Promise<Place[]> {
  const rows = await store.database.sql<{ stopId: number; lat: number; lon: number; kind: string }[]>`
    select s.id::float8 as "stopId", s.lat, s.lon, s.kind
      from stops s join routes r on r.id = s.route_id
     where r.truck_id = ${truckId} and r.started_at <= to_timestamp(${toMs}::float8 / 1000)
       and (r.finished_at is null or r.finished_at >= to_timestamp(${fromMs}::float8 / 1000))
       and s.kind <> 'depot'
       -- A route comes to the landfill several times: each visit belongs to the stop of its time.
       and (s.kind <> 'disposal'
            or s.finished_at between to_timestamp(${fromMs}::float8 / 1000) and to_timestamp(${toMs}::float8 / 1000)
            or s.state in ('planned','enroute') and not exists (
                 select 1 from stops o where o.route_id = s.route_id and o.kind = 'disposal'
                    and o.state in ('planned','enroute') and o.position < s.position))`;
  return stopPlaces(rules, rows);
}

async function storedStays(
  store: Store,
  truckId: number,
  fromMs: number,
  toMs: number,
): Promise<StoredStay[]> {
  return store.database.sql<StoredStay[]>`
    select id::float8 as id, place as "placeId", live,
           round(extract(epoch from arrived_at) * 1000)::float8 as "arrivedMs",
           round(extract(epoch from left_at) * 1000)::float8 as "leftMs"
      from visits
     where truck_id = ${truckId} and arrived_at <= to_timestamp(${toMs}::float8 / 1000)
       and (left_at is null or left_at >= to_timestamp(${fromMs}::float8 / 1000))
     order by arrived_at`;
}
