import { and, eq, gt, inArray, sql } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import {
  OPEN_INCIDENT_STATES,
  promiseOf,
  reportInput,
  zoneOf,
  type IncidentState,
  type ReportInput,
} from '../../shared/incident.ts';
import type { Rules, Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { incidentReports, incidents, photos } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { newIncidentCode } from './code.ts';

/** What the reporter is told: the same for a first report and for one that joins. */
export interface ReportReceipt {
  id: number;
  code: string;
  severity: number;
  zone: Zone;
  state: IncidentState;
  windowStart: string;
  windowEnd: string;
}

type Row = typeof incidents.$inferSelect;

/**
 * A citizen (or anybody) tells of an incident. Severity, zone and window follow the rules in force. A report of the same
 * type near a young open one joins it: one incident, one promise, one code.
 * @throws DomainError `outside-service-area`, `invalid-input`
 */
export async function reportIncident(
  store: Store,
  by: Actor,
  given: ReportInput,
  address: string | null = null,
): Promise<ReportReceipt> {
  const input = reportInput.parse(given);
  const nowMs = store.clock();
  // Where a citizen's call came from serves the limits and is not kept.
  const actor: Actor = by.kind === 'citizen' ? { kind: 'citizen' } : by;
  return commit(store, actor, async (tx, emit) => {
    const { version, rules } = await currentRules(tx);
    const zone = zoneOf(input, rules);
    if (input.photoId) await requirePhoto(tx, input.photoId);
    // Two reports of one thing at one moment: the second waits and joins.
    await tx.execute(sql`select pg_advisory_xact_lock(71, hashtext(${input.type}))`);
    const near = await findNear(tx, input, rules, nowMs);
    const row = near ?? (await insertIncident(tx, input, address, zone, rules, version, nowMs));
    await tx.insert(incidentReports).values({
      incidentId: row.id,
      at: new Date(nowMs),
      description: input.description || null,
      photoId: input.photoId ?? null,
      userId: actor.kind === 'user' ? actor.id : null,
    });
    const data = { type: row.type, state: row.state, severity: row.severity };
    emit({
      type: near ? 'incident.joined' : 'incident.reported',
      subject: { kind: 'incident', id: row.id },
      zone: row.zone,
      data: near ? data : { ...data, lat: row.lat, lon: row.lon, windowEnd: row.windowEnd.toISOString() },
    });
    return {
      id: row.id,
      code: row.code,
      severity: row.severity,
      zone: row.zone,
      state: row.state,
      windowStart: row.windowStart.toISOString(),
      windowEnd: row.windowEnd.toISOString(),
    };
  });
}

async function requirePhoto(tx: Tx, photoId: string): Promise<void> {
  const [photo] = await tx.select({ id: photos.id }).from(photos).where(eq(photos.id, photoId));
  if (!photo) throw new DomainError('invalid-input', 'No such photo.', { fields: ['photoId'] });
}

/** The nearest open incident of the type within the rules' distance and age. */
async function findNear(tx: Tx, input: ReportInput, rules: Rules, nowMs: number): Promise<Row | undefined> {
  const here = sql`ST_SetSRID(ST_MakePoint(${input.lon}::float8, ${input.lat}::float8), 4326)`;
  const distance = sql`ST_Distance(${incidents.geom}::geography, ${here}::geography)`;
  const [row] = await tx
    .select()
    .from(incidents)
    .where(
      and(
        eq(incidents.type, input.type),
        inArray(incidents.state, [...OPEN_INCIDENT_STATES]),
        gt(incidents.reportedAt, new Date(nowMs - rules.duplicateWithinS * 1_000)),
        // The box lets the index help; a degree is at least 110 km here.
        sql`${incidents.geom} && ST_Expand(${here}, ${rules.duplicateWithinM / 100_000}::float8)`,
        sql`${distance} <= ${rules.duplicateWithinM}::float8`,
      ),
    )
    .orderBy(distance, incidents.id)
    .limit(1);
  return row;
}

async function insertIncident(
  tx: Tx,
  input: ReportInput,
  address: string | null,
  zone: Zone,
  rules: Rules,
  rulesVersion: number,
  nowMs: number,
): Promise<Row> {
  const [row] = await tx
    .insert(incidents)
    .values({
      code: newIncidentCode(),
      type: input.type,
      zone,
      lat: input.lat,
      lon: input.lon,
      address,
      description: input.description || null,
      reportedAt: new Date(nowMs),
      rulesVersion,
      ...promiseOf(input.type, nowMs, rules),
    })
    .returning();
  return row!;
}
