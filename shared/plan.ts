import { z } from 'zod';
import { DomainError } from './errors.ts';
import { zone } from './rules.ts';
import { evidenceGrade } from './visits.ts';

export const ROUTE_STATES = ['planned', 'running', 'done', 'cancelled'] as const;
export const routeState = z.enum(ROUTE_STATES);
export type RouteState = z.infer<typeof routeState>;

export const STOP_KINDS = ['depot', 'incident', 'container', 'disposal'] as const;
export const stopKind = z.enum(STOP_KINDS);
export type StopKind = z.infer<typeof stopKind>;

export const STOP_STATES = ['planned', 'enroute', 'done', 'failed'] as const;
export const stopState = z.enum(STOP_STATES);
export type StopState = z.infer<typeof stopState>;

/** `enroute → planned` only when its truck goes out of service: the stop is given back. */
const STOP_TRANSITIONS: Readonly<Record<StopState, readonly StopState[]>> = {
  planned: ['enroute', 'done', 'failed'],
  enroute: ['done', 'failed', 'planned'],
  done: [],
  failed: [],
};

/** @throws DomainError `invalid-transition` */
export function assertStopTransition(from: StopState, to: StopState): void {
  if (!STOP_TRANSITIONS[from].includes(to)) {
    throw new DomainError('invalid-transition', `A stop cannot go from ${from} to ${to}.`, { from, to });
  }
}

/** A stop that no version may move: it is behind the truck or the truck is on its way to it. */
export function isFrozen(state: StopState): boolean {
  return state !== 'planned';
}

/** `truck`: the stop stays on its truck. `place`: and nothing that comes before it changes either. */
export const STOP_PINS = ['truck', 'place'] as const;
export const stopPin = z.enum(STOP_PINS);
export type StopPin = z.infer<typeof stopPin>;

const ROUTE_TRANSITIONS: Readonly<Record<RouteState, readonly RouteState[]>> = {
  planned: ['running', 'cancelled'],
  running: ['done', 'cancelled'],
  done: [],
  cancelled: [],
};

/** @throws DomainError `invalid-transition` */
export function assertRouteTransition(from: RouteState, to: RouteState): void {
  if (!ROUTE_TRANSITIONS[from].includes(to)) {
    throw new DomainError('invalid-transition', `A route cannot go from ${from} to ${to}.`, { from, to });
  }
}

/**
 * What a plan version stores. Identity and execution (states, instants) of routes and stops live in their own
 * rows; a version holds only which stop is where, in which order, and the timetable computed for it.
 */
export interface PlannedStop {
  stopId: number;
  /** ISO instants of arrival and of departure after service, as computed with this version. */
  arrival: string;
  departure: string;
  legS: number;
  legM: number;
  serviceS: number;
  /** Seconds of the crew's pause, and of waiting for a place to open, on the way here. */
  pauseS?: number;
  waitS?: number;
  /** Severity points aboard after the stop. */
  loadAfter: number;
  /** The way here from the stop before, encoded polyline of precision 5. */
  leg: string;
}

export interface PlannedRoute {
  routeId: number;
  truckId: number;
  zone: z.infer<typeof zone>;
  startAt: string;
  distanceM: number;
  durationS: number;
  stops: PlannedStop[];
}

export interface PlanDocument {
  routes: PlannedRoute[];
  /** True when any leg was estimated because the router did not answer. */
  degraded: boolean;
}

export const PLAN_KINDS = [
  'first-route',
  'recalculation',
  'insertion',
  'breakdown',
  'closure',
  'move',
  'undo',
  'finish',
  'cancel',
] as const;
export const planKind = z.enum(PLAN_KINDS);
export type PlanKind = z.infer<typeof planKind>;

/**
 * What would open a place for an incident that has none, bent as little as it takes: a shift that runs over by
 * `seconds`, a landfill that stays open as much longer, a truck that holds more, or a truck that is kept out now.
 */
export const planLift = z.object({
  rule: z.enum(['shift', 'place-hours', 'window', 'capacity', 'truck']),
  truckId: z.number().int(),
  seconds: z.number(),
  /** Of `truck`: why it is not in play. */
  kept: z.enum(['locked', 'excluded', 'idle', 'other-zone']).optional(),
  /** Work and way it would cost. */
  workS: z.number(),
  metres: z.number(),
});
export type PlanLift = z.infer<typeof planLift>;

/** What the reason of a move rests on: what would be, had the stop stayed where it was. */
export const moveEvidence = z.object({
  /** The stop or incident that would be late, and how late. */
  stopId: z.number().int().optional(),
  incidentId: z.number().int().optional(),
  lateS: z.number().optional(),
  overS: z.number().optional(),
  load: z.number().optional(),
  capacity: z.number().optional(),
  savedS: z.number().optional(),
});
export type MoveEvidence = z.infer<typeof moveEvidence>;

export const planDiff = z.object({
  moved: z.array(
    z.object({
      stopId: z.number().int(),
      /** null: the stop was on no route before (or is on none afterwards). */
      fromRouteId: z.number().int().nullable(),
      toRouteId: z.number().int().nullable(),
      /** A stable word the screen turns into a sentence: see client plan sentences. */
      reason: z.string(),
      about: moveEvidence.optional(),
      incidentId: z.number().int().optional(),
      fromTruckId: z.number().int().nullable().optional(),
      toTruckId: z.number().int().nullable().optional(),
      /** Position among the route's stops, from 1. */
      fromIndex: z.number().int().nullable().optional(),
      toIndex: z.number().int().nullable().optional(),
      seconds: z.number().optional(),
      metres: z.number().optional(),
      containerId: z.number().int().optional(),
    }),
  ),
  /** What changes within a route beside the moves: another order, another landfill visit. With `moved` it adds up to `cost`. */
  reordered: z
    .array(
      z.object({
        routeId: z.number().int().nullable(),
        truckId: z.number().int(),
        seconds: z.number(),
        metres: z.number(),
      }),
    )
    .optional(),
  later: z.array(z.object({ stopId: z.number().int(), seconds: z.number() })),
  /** A move by hand sends this truck home so long after its shift. */
  overtime: z.object({ truckId: z.number().int(), seconds: z.number() }).optional(),
  cost: z.object({ seconds: z.number(), metres: z.number() }),
  unassigned: z.array(
    z.object({
      incidentId: z.number().int(),
      reason: z.string(),
      /** What would open a place, the cheapest first. */
      lifts: z.array(planLift).optional(),
    }),
  ),
});
export type PlanDiff = z.infer<typeof planDiff>;

export const EMPTY_DIFF: PlanDiff = { moved: [], later: [], cost: { seconds: 0, metres: 0 }, unassigned: [] };

const lineString = z.object({
  type: z.literal('LineString'),
  coordinates: z.array(z.tuple([z.number(), z.number()])),
});

export const stopView = z.object({
  id: z.number().int(),
  kind: stopKind,
  incidentId: z.number().int().optional(),
  containerId: z.number().int().optional(),
  lat: z.number(),
  lon: z.number(),
  state: stopState,
  eta: z.string(),
  etaEarliest: z.string(),
  etaLatest: z.string(),
  /** Severity points this stop adds; negative where a truck empties. */
  load: z.number(),
  loadAfter: z.number(),
  serviceS: z.number(),
  windowEnd: z.string().optional(),
  /** Probability, 0–1, that its window is kept. */
  keep: z.number().optional(),
  /** Kept by a supervisor on its truck, or in its place. */
  pin: stopPin.optional(),
  /** The crew pauses this long on the way here. */
  pauseS: z.number().optional(),
  departedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  failReason: z.string().nullable(),
  /** When its truck came and left, by the track. */
  arrivedAt: z.string().nullish(),
  leftAt: z.string().nullish(),
  /** What ended it: a person's word, or the truck's visit by rule. */
  closedBy: z.enum(['word', 'visit']).nullish(),
  evidence: evidenceGrade.nullish(),
  /** Severity and type of its incident. */
  severity: z.number().optional(),
  incidentType: z.string().optional(),
  address: z.string().nullable(),
});
export type StopView = z.infer<typeof stopView>;

export const routeView = z.object({
  id: z.number().int(),
  zone,
  truckId: z.number().int(),
  plate: z.string(),
  driverId: z.number().int().nullable(),
  driverName: z.string().nullable(),
  assignmentId: z.number().int().nullable(),
  state: routeState,
  distance: z.number(),
  duration: z.number(),
  startAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  capacity: z.number(),
  loadAboard: z.number(),
  geometry: lineString,
  stops: z.array(stopView),
});
export type RouteView = z.infer<typeof routeView>;

export const planView = z.object({
  version: z.number().int(),
  degraded: z.boolean(),
  routes: z.array(routeView),
});
export type PlanView = z.infer<typeof planView>;

/** One stop's place in a proposal's routes, enough to draw before and after. */
export const proposedRoute = z.object({
  routeId: z.number().int(),
  truckId: z.number().int(),
  geometry: lineString,
  stops: z.array(
    z.object({
      stopId: z.number().int(),
      kind: stopKind,
      incidentId: z.number().int().nullable(),
      lat: z.number(),
      lon: z.number(),
      eta: z.string(),
    }),
  ),
});
export type ProposedRoute = z.infer<typeof proposedRoute>;

export const PROPOSAL_STATES = ['open', 'approved', 'rejected', 'superseded', 'expired'] as const;
export const proposalState = z.enum(PROPOSAL_STATES);
export type ProposalState = z.infer<typeof proposalState>;

/** Arrivals at the stops of one route as a part of a proposal would have it. */
export interface PartRoute {
  truckId: number;
  stops: { stopId: number; incidentId: number | null; eta: string }[];
}

/** The three computed points of the slider: touch as little as possible, the default, keep as many promises as possible. */
export const ALTERNATIVES = ['minimal', 'balanced', 'maximal'] as const;
export const alternativeName = z.enum(ALTERNATIVES);
export type AlternativeName = z.infer<typeof alternativeName>;
export const DEFAULT_ALTERNATIVE: AlternativeName = 'balanced';

/** What a proposal was asked to do: enough to compute it anew, whole or in part. */
export interface ProposalAsked {
  incidentIds: number[];
  containerIds: number[];
  outTruckIds: number[];
  redrawTruckIds: number[];
}

/** One computed answer to a proposal's question, with its own plan, price and hash. */
export const alternativeView = z.object({
  name: alternativeName,
  /** Price of moving one stop to another truck, in seconds of work. */
  stabilityS: z.number(),
  /** Equal hashes, equal plans once approved on the proposal's base. */
  hash: z.string(),
  solveMs: z.number(),
  diff: planDiff,
  routes: z.array(proposedRoute),
});
export type AlternativeView = z.infer<typeof alternativeView>;

/** A proposal a supervisor is changing by hand; nobody else's plan until it is approved. */
export const draftView = z.object({
  id: z.number().int(),
  proposalId: z.number().int(),
  alternative: alternativeName,
  zone,
  author: z.string(),
  /** Counts the changes: a change that names an older one is refused. */
  revision: z.number().int(),
  baseVersion: z.number().int(),
  /** False once the plan changed under its routes: it can be read and copied by hand, not approved. */
  fresh: z.boolean(),
  at: z.string(),
  diff: planDiff,
  routes: z.array(proposedRoute),
});
export type DraftView = z.infer<typeof draftView>;

/** How a version came out of a proposal. */
export interface Approval {
  how: 'whole' | 'part' | 'edited' | 'auto';
  alternative: AlternativeName;
  /** Stops the proposal would have moved and the version does not. */
  leftOut: number[];
}

/** A rule a plan would break, and by how much. */
export const planProblem = z.object({
  rule: z.enum(['capacity', 'skill', 'shift', 'landfill-hours', 'window', 'break', 'other']),
  truckId: z.number().int(),
  stopId: z.number().int().nullable(),
  /** Seconds over, where it is a matter of time. */
  seconds: z.number().nullable(),
});
export type PlanProblem = z.infer<typeof planProblem>;

export const proposalView = z.object({
  id: z.number().int(),
  zone,
  baseVersion: z.number().int(),
  kind: planKind,
  reason: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  solveMs: z.number(),
  diff: planDiff,
  incidentIds: z.array(z.number().int()),
  /** Only the routes that change. */
  routes: z.array(proposedRoute),
  /** The proposal this one takes the place of: superseded, expired, or overtaken by another change. */
  replaces: z.number().int().nullable().optional(),
  /** Alternatives computed so far; the routes of each by `plans.alternatives`. */
  alternatives: z.array(alternativeName).optional(),
});
export type ProposalView = z.infer<typeof proposalView>;

export const planHistoryEntry = z.object({
  version: z.number().int(),
  at: z.string(),
  actor: z.string(),
  kind: planKind,
  reason: z.string(),
  /** The version whose change this one took back. */
  undoes: z.number().int().nullable(),
  /** How a proposal became this version: as it was, a part of it, changed by hand, or by the rule alone. */
  approval: z.enum(['whole', 'part', 'edited', 'auto']).nullable().optional(),
  /** How many of the proposal's moves a part left out. */
  leftOut: z.number().int().optional(),
});
export type PlanHistoryEntry = z.infer<typeof planHistoryEntry>;
