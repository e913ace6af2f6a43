import { and, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { actorLabel, type Actor } from '../../shared/actor.ts';
import type { ClosureInput, ClosureView } from '../../shared/closure.ts';
import { closureInput } from '../../shared/closure.ts';
import { DomainError } from '../../shared/errors.ts';
import { pointInRing, type LonLat } from '../../shared/geo.ts';
import type { PlannedStop } from '../../shared/plan.ts';
import { decodePolyline } from '../../shared/polyline.ts';
import { requireRole } from '../access/require.ts';
import type { Database } from '../db/connect.ts';
import { closures } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import type { Roads } from '../roads/roads.ts';
import { forgetPlaceTables } from './place-tables.ts';

/** Nobody closes a province by a slip of the hand. */
const MAX_SPAN_DEGREES = 0.05;

/**
 * Closes every street inside an area, from now until an instant or until it is opened. Routes and tables respect it
 * at once; the trucks it touches are re-planned by proposal.
 *
 * @throws DomainError `invalid-input`
 */
export async function closeArea(store: Store, actor: Actor, given: ClosureInput): Promise<ClosureView> {
  requireRole(actor, 'supervisor');
  const input = closureInput.parse(given);
  const nowMs = store.clock();
  const fields: string[] = [];
  for (const axis of [0, 1] as const) {
    const values = input.ring.map((corner) => corner[axis]);
    if (Math.max(...values) - Math.min(...values) > MAX_SPAN_DEGREES) fields.push('ring');
  }
  if (input.endsAt !== undefined && Date.parse(input.endsAt) <= nowMs) fields.push('endsAt');
  if (fields.length > 0) {
    throw new DomainError(
      'invalid-input',
      `The closure makes no sense: ${[...new Set(fields)].join(', ')}.`,
      {
        fields: [...new Set(fields)],
      },
    );
  }
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .insert(closures)
      .values({
        area: sql`ST_SetSRID(ST_GeomFromGeoJSON(${JSON.stringify(polygon(input.ring))}), 4326)`,
        reason: input.reason,
        startsAt: new Date(nowMs),
        endsAt: input.endsAt === undefined ? null : new Date(input.endsAt),
        actor,
      })
      .returning({ id: closures.id });
    emit({
      type: 'closure.created',
      subject: { kind: 'closure', id: row!.id },
      data: { reason: input.reason, endsAt: input.endsAt ?? null },
    });
    return {
      id: row!.id,
      ring: input.ring,
      reason: input.reason,
      startsAt: new Date(nowMs).toISOString(),
      endsAt: input.endsAt ?? null,
      actor: actorLabel(actor),
    };
  });
}

/** Opens the streets again. @throws DomainError `not-found` when it is open already */
export async function openArea(store: Store, actor: Actor, id: number): Promise<{ id: number }> {
  requireRole(actor, 'supervisor');
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(closures)
      .set({ endedAt: new Date(store.clock()) })
      .where(and(eq(closures.id, id), isNull(closures.endedAt)))
      .returning({ id: closures.id });
    if (row === undefined) throw new DomainError('not-found', 'No such closure in force.', { id });
    emit({ type: 'closure.ended', subject: { kind: 'closure', id }, data: {} });
    return row;
  });
}

/** Closures in force now. */
export async function activeClosures(database: Database, nowMs: number): Promise<ClosureView[]> {
  const rows = await database.db
    .select({
      id: closures.id,
      geojson: sql<string>`ST_AsGeoJSON(${closures.area})`,
      reason: closures.reason,
      startsAt: closures.startsAt,
      endsAt: closures.endsAt,
      actor: closures.actor,
    })
    .from(closures)
    .where(and(isNull(closures.endedAt), or(isNull(closures.endsAt), gt(closures.endsAt, new Date(nowMs)))))
    .orderBy(closures.id);
  return rows.map(({ geojson, ...row }) => ({
    id: row.id,
    ring: (JSON.parse(geojson) as { coordinates: [number, number][][] }).coordinates[0]!.slice(0, -1),
    reason: row.reason,
    startsAt: row.startsAt.toISOString(),
    endsAt: row.endsAt?.toISOString() ?? null,
    actor: actorLabel(row.actor),
  }));
}

function polygon(ring: readonly (readonly [number, number])[]) {
  return { type: 'Polygon', coordinates: [[...ring, ring[0]!]] };
}

/** True when the way to any of these stops leads through a closed area. Legs are sampled every 15 m or so. */
export function crossesClosure(
  stops: readonly Pick<PlannedStop, 'leg'>[],
  closed: readonly { ring: readonly LonLat[] }[],
): boolean {
  return stops.some((stop) => {
    const line = decodePolyline(stop.leg);
    return line.some((point, index) => {
      const next = line[index + 1] ?? point;
      const pieces = Math.max(1, Math.ceil(Math.hypot(next[0] - point[0], next[1] - point[1]) / 0.00013));
      for (let piece = 0; piece < pieces; piece++) {
        const at = {
          lon: point[0] + ((next[0] - point[0]) * piece) / pieces,
          lat: point[1] + ((next[1] - point[1]) * piece) / pieces,
        };
        if (closed.some((closure) => pointInRing(at, closure.ring))) return true;
      }
      return false;
    });
  });
}

/**
 * Keeps the router's closures in step with those in force: at the start, whenever one is made or ended anywhere, and
 * when one ends by its hour.
 */
export async function watchClosures(
  store: Store,
  roads: Roads,
  onFailure: (error: unknown) => void,
  everyMs = 15_000,
): Promise<{ settled(): Promise<void>; stop(): void }> {
  let known = '';
  let last: Promise<void> = Promise.resolve();
  const refresh = (): Promise<void> => {
    last = last
      .then(async () => {
        const active = await activeClosures(store.database, store.clock());
        const key = active.map((closure) => closure.id).join();
        if (key === known) return;
        await roads.setClosures(active.map((closure) => ({ kind: 'polygon', ring: closure.ring })));
        forgetPlaceTables(roads);
        known = key;
      })
      .catch(onFailure);
    return last;
  };
  await refresh();
  const unsubscribe = store.bus.onWake(() => void refresh());
  const timer = setInterval(() => void refresh(), everyMs);
  timer.unref();
  return {
    settled: refresh,
    stop() {
      unsubscribe();
      clearInterval(timer);
    },
  };
}
