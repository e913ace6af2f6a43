import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Actor } from '../../../shared/actor.ts';
import type {
  AlternativeName,
  Approval,
  PlanDiff,
  PlanDocument,
  PlanKind,
  ProposalAsked,
  ProposalState,
  RouteState,
  StopKind,
  StopPin,
  StopState,
} from '../../../shared/plan.ts';
import type { Zone } from '../../../shared/rules.ts';
import type { EvidenceGrade } from '../../../shared/visits.ts';
import { id, instant, polygonColumn, ref } from './columns.ts';
import { containers, trucks } from './fleet.ts';
import { incidents } from './incidents.ts';

/** Identity and execution of a route; which stops it has is a matter of the plan version. */
export const routes = pgTable(
  'routes',
  {
    id: id(),
    zone: text('zone').$type<Zone>().notNull(),
    truckId: ref('truck_id')
      .notNull()
      .references(() => trucks.id),
    state: text('state').$type<RouteState>().notNull().default('planned'),
    /** In the current version. A route proposed and not yet approved is not. */
    current: boolean('current').notNull().default(false),
    createdAt: instant('created_at').notNull().defaultNow(),
    startedAt: instant('started_at'),
    finishedAt: instant('finished_at'),
  },
  (t) => [
    index('routes_live')
      .on(t.zone)
      .where(sql`${t.current} and ${t.state} in ('planned','running')`),
    check('routes_state', sql`${t.state} in ('planned','running','done','cancelled')`),
  ],
);

/** Identity and execution of a stop. `routeId` and `position` mirror the current version, for quick look-ups. */
export const stops = pgTable(
  'stops',
  {
    id: id(),
    kind: text('kind').$type<StopKind>().notNull(),
    incidentId: ref('incident_id').references(() => incidents.id),
    containerId: ref('container_id').references(() => containers.id),
    lat: doublePrecision('lat').notNull(),
    lon: doublePrecision('lon').notNull(),
    address: text('address'),
    /** Severity points it adds to the truck; 0 at depot and landfill. */
    load: doublePrecision('load').notNull().default(0),
    serviceS: integer('service_s').notNull(),
    windowEnd: instant('window_end'),
    state: text('state').$type<StopState>().notNull().default('planned'),
    routeId: ref('route_id').references(() => routes.id),
    position: integer('position'),
    departedAt: instant('departed_at'),
    finishedAt: instant('finished_at'),
    failReason: text('fail_reason'),
    /** Kept by a supervisor on its truck or in its place: no re-plan moves it. */
    pin: text('pin').$type<StopPin>(),
    /** The driver page's own id of the action that finished it: sending it again changes nothing. */
    clientId: text('client_id'),
    /** When its truck came and left, by the track; null while no visit is known. */
    arrivedAt: instant('arrived_at'),
    leftAt: instant('left_at'),
    /** What ended it: a person's word, or the truck's visit by rule. */
    closedBy: text('closed_by').$type<'word' | 'visit'>(),
    /** Grade of evidence of its service, A–D; null while it is open or nothing is known. */
    evidence: text('evidence').$type<EvidenceGrade>(),
    /** Severity points it put aboard when it was done: what an undo takes off again. */
    loaded: doublePrecision('loaded'),
    /** Since when no version of the plan has held it, though something proposed does: what is never taken is forgotten. */
    draftedAt: instant('drafted_at'),
  },
  (t) => [
    uniqueIndex('stops_one_open_per_incident')
      .on(t.incidentId)
      .where(sql`${t.state} in ('planned','enroute')`),
    uniqueIndex('stops_client_id').on(t.clientId),
    index('stops_route').on(t.routeId, t.position),
    index('stops_drafted')
      .on(t.draftedAt)
      .where(sql`${t.draftedAt} is not null`),
    check('stops_state', sql`${t.state} in ('planned','enroute','done','failed')`),
    check('stops_pin', sql`${t.pin} in ('truck','place')`),
    check('stops_kind', sql`${t.kind} in ('depot','incident','container','disposal')`),
  ],
);

/** Immutable. A change makes a new row with its parent, its diff and its reason. */
export const planVersions = pgTable('plan_versions', {
  version: integer('version').primaryKey(),
  parent: integer('parent'),
  kind: text('kind').$type<PlanKind>().notNull(),
  reason: text('reason').notNull(),
  actor: jsonb('actor').$type<Actor>().notNull(),
  at: instant('at').notNull().defaultNow(),
  document: jsonb('document').$type<PlanDocument>().notNull(),
  diff: jsonb('diff').$type<PlanDiff>().notNull(),
  /** Hash of which stop is where in which order: equal hashes, equal plans. */
  hash: text('hash').notNull(),
  /** The version whose change this one took back. */
  undoes: integer('undoes'),
  proposalId: ref('proposal_id'),
  /** How its proposal became this version. */
  approval: jsonb('approval').$type<Approval>(),
});

/** One row. Making a version current moves this pointer, under its lock. */
export const planHead = pgTable(
  'plan_head',
  { id: integer('id').primaryKey(), version: integer('version').notNull() },
  (t) => [check('plan_head_one_row', sql`${t.id} = 1`)],
);

export const proposals = pgTable(
  'proposals',
  {
    id: id(),
    zone: text('zone').$type<Zone>().notNull(),
    baseVersion: integer('base_version').notNull(),
    kind: text('kind').$type<PlanKind>().notNull(),
    reason: text('reason').notNull(),
    state: text('state').$type<ProposalState>().notNull().default('open'),
    at: instant('at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    closedAt: instant('closed_at'),
    closedBy: jsonb('closed_by').$type<Actor>(),
    closeReason: text('close_reason'),
    /** Only the routes that change. */
    document: jsonb('document').$type<PlanDocument>().notNull(),
    diff: jsonb('diff').$type<PlanDiff>().notNull(),
    incidentIds: jsonb('incident_ids').$type<number[]>().notNull(),
    /** The truck whose breakdown caused it: approving takes its stops away. */
    truckId: ref('truck_id').references(() => trucks.id),
    solveMs: integer('solve_ms').notNull(),
    version: integer('version'),
    /** What it was asked to do; null in rows older than this column. */
    asked: jsonb('asked').$type<ProposalAsked>(),
    /** The proposal whose place it took. */
    replaces: ref('replaces'),
  },
  (t) => [
    uniqueIndex('proposals_one_open_per_zone')
      .on(t.zone)
      .where(sql`${t.state} = 'open'`),
  ],
);

/** The computed points of a proposal's slider; `balanced` is what the proposal itself holds. Written once each. */
export const proposalAlternatives = pgTable(
  'proposal_alternatives',
  {
    proposalId: ref('proposal_id')
      .notNull()
      .references(() => proposals.id),
    name: text('name').$type<AlternativeName>().notNull(),
    stabilityS: doublePrecision('stability_s').notNull(),
    document: jsonb('document').$type<PlanDocument>().notNull(),
    diff: jsonb('diff').$type<PlanDiff>().notNull(),
    hash: text('hash').notNull(),
    solveMs: integer('solve_ms').notNull(),
    at: instant('at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.proposalId, t.name] }),
    check('proposal_alternatives_name', sql`${t.name} in ('minimal','balanced','maximal')`),
  ],
);

/** A proposal being changed by hand. Each supervisor has drafts of their own; approving one leaves the others. */
export const planDrafts = pgTable(
  'plan_drafts',
  {
    id: id(),
    proposalId: ref('proposal_id')
      .notNull()
      .references(() => proposals.id),
    alternative: text('alternative').$type<AlternativeName>().notNull(),
    author: jsonb('author').$type<Actor>().notNull(),
    baseVersion: integer('base_version').notNull(),
    revision: integer('revision').notNull().default(1),
    state: text('state').$type<'open' | 'approved' | 'discarded'>().notNull().default('open'),
    at: instant('at').notNull().defaultNow(),
    /** Only the routes that change, as in the proposal. */
    document: jsonb('document').$type<PlanDocument>().notNull(),
    diff: jsonb('diff').$type<PlanDiff>().notNull(),
    version: integer('version'),
  },
  (t) => [
    index('plan_drafts_open')
      .on(t.proposalId)
      .where(sql`${t.state} = 'open'`),
    check('plan_drafts_state', sql`${t.state} in ('open','approved','discarded')`),
  ],
);

/** What dispatch has already weighed, so that a rejected proposal is not made again for the same facts. */
export const zonePlanning = pgTable('zone_planning', {
  zone: text('zone').$type<Zone>().primaryKey(),
  consideredEventId: ref('considered_event_id').notNull().default(0),
});

export const closures = pgTable('closures', {
  id: id(),
  area: polygonColumn('area').notNull(),
  reason: text('reason').notNull(),
  startsAt: instant('starts_at').notNull(),
  endsAt: instant('ends_at'),
  endedAt: instant('ended_at'),
  actor: jsonb('actor').$type<Actor>().notNull(),
});
