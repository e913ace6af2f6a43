import { distanceM, type LonLat, type Point } from '../../shared/geo.ts';
import type { PlannedRoute } from '../../shared/plan.ts';
import { isFrozen } from '../../shared/plan.ts';
import { projectArrivals } from './arrivals.ts';
import type { Rules } from '../../shared/rules.ts';
import type {
  Job,
  PlannedStep,
  PlannerProblem,
  SequenceStep,
  Sequences,
  Vehicle,
  Window,
} from '../planning/index.ts';
import type { ContainerRow, IncidentRow, RouteRow, Snapshot, StopRow, TruckRow } from './snapshot.ts';

/** Planner's number of the first landfill; the others follow. */
export const LANDFILL_ID = 1;
const LATERAL_SKILL = 1;
/** Trucks that take new work have it, and work asks for it. */
const OPEN_SKILL = 2;
/** What an excluded truck holds already asks for this and its number instead: the truck itself has it, and the open ones. */
const HELD_SKILL = 1_000;
/** Offering another truck must be worth half an hour, so that two are not sent where one will do. */
const ROUTE_PRICE_S = 1_800;
/** Leaving a stop must never look cheaper than driving to it: what it costs to leave a container. */
const LEAVE_PRICE_S = 40_000;
/**
 * Giving up a stop that a truck in service was to serve costs this beside the stop: rounds are not upset to serve as
 * many, or a few more, containers of another's. Three of them for one is worth it.
 */
const GIVE_UP_PRICE_S = 2 * LEAVE_PRICE_S;
/** Planner priority of stops without an attention window. */
const UNPROMISED = 0;
const NEW_INCIDENT = 1_000_000_000;
const NEW_CONTAINER = 2_000_000_000;

export interface FrameInput {
  snapshot: Snapshot;
  /** Trucks that may serve, with or without a live route. */
  truckIds: readonly number[];
  addIncidents: readonly IncidentRow[];
  addContainers: readonly ContainerRow[];
  /** Trucks out of service: what they have not done, also what they were driving to, is given to the others. */
  outTruckIds: readonly number[];
  /** Latest position of each truck that has one. */
  positionOf: (truckId: number) => Point | null;
  /** Locked trucks that are looked at all the same, all their stops where they are: a street on their way was closed. */
  redrawTruckIds?: readonly number[];
  /** Marks to be left out of account: what lifting them would give. */
  ignoreMarks?: boolean;
}

/** What a planner job stands for. */
export type JobSource =
  | { kind: 'stop'; stop: StopRow }
  | { kind: 'incident'; incident: IncidentRow }
  | { kind: 'container'; container: ContainerRow };

export interface Frame {
  nowMs: number;
  /** Places of the travel-time table. Index 0 is the depot, then the landfills, 1 the first. */
  points: LonLat[];
  /** Which of them are where a truck is at this moment: nobody drives there. */
  passing: ReadonlySet<number>;
  landfills: readonly Landfill[];
  /** Where in `points` each job lies. */
  placeOf: ReadonlyMap<number, number>;
  jobs: ReadonlyMap<number, JobSource>;
  /** The live route of each vehicle that has one; vehicles are trucks. */
  routeOf: ReadonlyMap<number, RouteRow>;
  vehicles: readonly FramedVehicle[];
  /** @param table whole seconds and metres between `points`: see place-tables.ts */
  toProblem(table: { durationsS: number[][]; distancesM: number[][] }, stabilityS: number): PlannerProblem;
}

export interface Landfill {
  /** The planner's number. */
  id: number;
  lat: number;
  lon: number;
  serviceS: number;
  hours: { openS: number; closeS: number } | null;
}

/** Where trucks empty, the main landfill first. */
export function landfillsOf(rules: Rules): Landfill[] {
  const main = { ...rules.landfill, serviceS: rules.landfillServiceS, hours: rules.landfillHours };
  return [main, ...rules.otherLandfills].map(({ lat, lon, serviceS, hours }, index) => ({
    id: LANDFILL_ID + index,
    lat,
    lon,
    serviceS,
    hours,
  }));
}

export interface FramedVehicle {
  truck: TruckRow;
  route: RouteRow | null;
  planned: PlannedRoute | null;
  /** Where and when it becomes free, in ms since the epoch. */
  start: Point;
  startMs: number;
  /** The first free instant counted from `nowMs`, in seconds, after loading at the depot where it starts there. */
  startS: number;
  /** When it has to be home: the end of its shift, or what somebody ordered beyond it. */
  endS: number;
  /** The end of its shift, in seconds from `nowMs`. */
  shiftEndS: number;
  atDepot: boolean;
  /** Where the stop it is driving to lies. */
  frozenPlace: Point | null;
  steps: PlannedStep[];
  /** The first of the steps that it is driving to already: at most one, and not drawn anew. */
  enroute: number;
  /** The first steps that stay where they are: the one it drives to, and what is pinned in its place. */
  frozen: number;
  overtimeMaxS: number;
  /** Pauses still to be taken. */
  breaks: Rules['breaks'];
  /** When the shift began, in seconds from `nowMs`. */
  shiftFromS: number;
}

/** The live route (planned or running, in the current version) of a truck. */
export function liveRouteOf(snapshot: Snapshot, truckId: number): RouteRow | null {
  for (const route of snapshot.routes.values()) {
    if (
      route.truckId === truckId &&
      route.current &&
      (route.state === 'planned' || route.state === 'running')
    ) {
      return route;
    }
  }
  return null;
}

export function plannedRouteOf(snapshot: Snapshot, routeId: number): PlannedRoute | null {
  return snapshot.document.routes.find((route) => route.routeId === routeId) ?? null;
}

/** Stops of a route that are still to be done, in order: the one the truck drives to, then the planned ones. */
export function remainingStops(snapshot: Snapshot, planned: PlannedRoute): StopRow[] {
  return planned.stops
    .map((stop) => snapshot.stops.get(stop.stopId)!)
    .filter((stop) => stop.state === 'planned' || stop.state === 'enroute');
}

/**
 * Turns the present into a planning problem: trucks where they are with what they carry, what is left to do, what is
 * new. Pure: the table of travel times is asked for by the caller.
 */
export function framePlanning(input: FrameInput): Frame {
  const { snapshot } = input;
  const { rules, nowMs } = snapshot;
  const landfills = landfillsOf(rules);
  const points: LonLat[] = [
    [rules.depot.lon, rules.depot.lat],
    ...landfills.map(({ lon, lat }): LonLat => [lon, lat]),
  ];
  const jobs = new Map<number, JobSource>();
  const planner: Job[] = [];
  const place = (point: Point) => points.push([point.lon, point.lat]) - 1;
  const addStop = (stop: StopRow, holder: TruckRow | null) => {
    if (stop.kind !== 'incident' && stop.kind !== 'container') return;
    const incident = stop.incidentId === null ? undefined : snapshot.incidents.get(stop.incidentId);
    jobs.set(stop.id, { kind: 'stop', stop });
    planner.push(
      toJob(stop.id, place(stop), stop.load, stop.serviceS, {
        severity: incident?.severity ?? 1,
        due: stop.windowEnd,
        lateral: stop.kind === 'container',
        isKept: holder !== null,
        // An excluded truck keeps its own work, or gives it away for good.
        openness: holder?.planning === 'excluded' ? HELD_SKILL + holder.id : OPEN_SKILL,
        pinnedTo: input.ignoreMarks !== true && stop.pin !== null && holder !== null ? holder.id : null,
        nowMs,
      }),
    );
  };

  const routeOf = new Map<number, RouteRow>();
  const vehicles: FramedVehicle[] = [];
  for (const truckId of input.truckIds) {
    const truck = snapshot.trucks.get(truckId);
    if (truck === undefined || truck.state !== 'available' || input.outTruckIds.includes(truckId)) continue;
    const isLocked = truck.planning === 'locked' && input.ignoreMarks !== true;
    if (isLocked && input.redrawTruckIds?.includes(truckId) !== true) continue;
    const route = liveRouteOf(snapshot, truckId);
    const planned = route === null ? null : plannedRouteOf(snapshot, route.id);
    if (route !== null) routeOf.set(truckId, route);
    const remaining = planned === null ? [] : remainingStops(snapshot, planned);
    for (const stop of remaining) addStop(stop, truck);
    const vehicle = frameVehicle(input, truck, route, planned, remaining, landfills);
    if (isLocked) vehicle.frozen = vehicle.steps.length;
    vehicles.push(vehicle);
  }
  for (const truckId of input.outTruckIds) {
    const route = liveRouteOf(snapshot, truckId);
    const planned = route === null ? null : plannedRouteOf(snapshot, route.id);
    if (planned !== null) for (const stop of remainingStops(snapshot, planned)) addStop(stop, null);
  }
  for (const incident of input.addIncidents) {
    const jobId = NEW_INCIDENT + incident.id;
    jobs.set(jobId, { kind: 'incident', incident });
    planner.push(
      toJob(jobId, place(incident), incident.severity, rules.incidentServiceS, {
        severity: incident.severity,
        due: incident.windowEnd,
        lateral: false,
        isKept: false,
        openness: OPEN_SKILL,
        pinnedTo: null,
        nowMs,
      }),
    );
  }
  for (const container of input.addContainers) {
    const jobId = NEW_CONTAINER + container.id;
    jobs.set(jobId, { kind: 'container', container });
    planner.push(
      toJob(jobId, place(container), container.load, rules.containerServiceS, {
        severity: 1,
        due: null,
        lateral: true,
        isKept: false,
        openness: OPEN_SKILL,
        pinnedTo: null,
        nowMs,
      }),
    );
  }
  const held = vehicles
    .filter(({ truck }) => truck.planning === 'excluded')
    .map(({ truck }) => HELD_SKILL + truck.id);
  const opennessOf = ({ truck }: FramedVehicle): number[] =>
    truck.planning === 'open' || input.ignoreMarks === true
      ? [OPEN_SKILL, ...held]
      : truck.planning === 'excluded'
        ? [HELD_SKILL + truck.id]
        : [];
  const startIndex = vehicles.map((vehicle) => (vehicle.atDepot ? 0 : place(vehicle.start)));

  return {
    nowMs,
    points,
    passing: new Set(startIndex.filter((index) => index > 0)),
    landfills,
    placeOf: new Map(planner.map((job) => [job.id, job.location_index!])),
    jobs,
    routeOf,
    vehicles,
    toProblem: (table, stabilityS) => ({
      vehicles: vehicles.map((vehicle, index) =>
        toVehicle(vehicle, startIndex[index]!, rules.overtimePriceSPerHour, opennessOf(vehicle)),
      ),
      jobs: planner,
      disposals: landfills.map((landfill, index) => ({
        id: landfill.id,
        location_index: 1 + index,
        service: landfill.serviceS,
        time_windows: landfillWindows(landfill.hours, nowMs),
      })),
      reloads: [],
      matrices: {
        driving: { durations: table.durationsS, distances: table.distancesM },
      },
      options: { g: false, lateness: latenessPrices(rules.latenessPricePerSeverity), stability: stabilityS },
    }),
  };
}

/** What each vehicle does as things are: its remaining stops in order. */
export function sequencesOfFrame(frame: Frame): Sequences {
  return new Map(
    frame.vehicles.map((vehicle) => [
      vehicle.truck.id,
      vehicle.steps.flatMap((step): SequenceStep[] =>
        step.type === 'job' || step.type === 'disposal' ? [{ type: step.type, id: step.id! }] : [],
      ),
    ]),
  );
}

function frameVehicle(
  input: FrameInput,
  truck: TruckRow,
  route: RouteRow | null,
  planned: PlannedRoute | null,
  remaining: readonly StopRow[],
  landfills: readonly Landfill[],
): FramedVehicle {
  const { snapshot } = input;
  const { rules, nowMs } = snapshot;
  const running = route?.state === 'running';
  const startAtMs = running ? nowMs : Math.max(nowMs, planned === null ? nowMs : Date.parse(planned.startAt));
  const startS =
    (startAtMs - nowMs) / 1_000 + (running ? heldUpS(input, planned, route) : rules.depotServiceS);
  const shiftFromMs = running ? (route.startedAt?.getTime() ?? nowMs) : startAtMs;
  const shiftFromS = (shiftFromMs - nowMs) / 1_000;
  const driverShiftS = route === null ? null : (snapshot.assignments.get(route.id)?.shiftS ?? null);
  const shiftS = Math.min(truck.shiftS ?? rules.shiftS, driverShiftS ?? Infinity);
  const steps: PlannedStep[] = [];
  let enroute = 0;
  let frozen = 0;
  let frozenPlace: Point | null = null;
  for (const stop of remaining) {
    if (stop.kind === 'depot') continue;
    steps.push(
      stop.kind === 'disposal'
        ? { type: 'disposal', id: nearestLandfill(landfills, stop).id }
        : { type: 'job', id: stop.id },
    );
    if (isFrozen(stop.state)) {
      enroute = frozen = steps.length;
      frozenPlace = stop;
    } else if (stop.pin === 'place' && input.ignoreMarks !== true) {
      frozen = steps.length;
    }
  }
  // Pauses are taken in order: as many as the ways behind it held are over.
  const taken = (planned?.stops ?? []).filter(
    (stop) => (stop.pauseS ?? 0) > 0 && snapshot.stops.get(stop.stopId)?.state !== 'planned',
  ).length;
  // A shift already over still has to bring its truck home: two hours are left for that.
  const shiftEndS = Math.round(Math.max(shiftFromS + shiftS, startS + 7_200));
  const plannedEnd = planned?.stops.at(-1)?.arrival;
  const plannedEndS = plannedEnd === undefined ? 0 : (Date.parse(plannedEnd) - nowMs) / 1_000;
  const orderedS = Math.round(Math.min(plannedEndS, shiftEndS + rules.overtimeByHandMaxS));
  // What the planner may use by itself is no order: each re-plan would add to the one before.
  const overtimeMaxS = truck.overtimeMaxS ?? rules.overtimeMaxS;
  const isOrdered = orderedS > shiftEndS + overtimeMaxS;
  return {
    truck,
    route,
    planned,
    start: running ? startOf(input, truck, planned) : rules.depot,
    startMs: startAtMs,
    startS: Math.round(startS),
    endS: isOrdered ? orderedS : shiftEndS,
    shiftEndS,
    atDepot: !running,
    frozenPlace,
    steps,
    enroute,
    frozen,
    overtimeMaxS: isOrdered ? 0 : overtimeMaxS,
    breaks: rules.breaks.slice(taken),
    shiftFromS,
  };
}

/** Metres a second of straight line, in town. */
const STRAIGHT_MPS = 5;

/**
 * A truck that is behind at the stop it left for: by how many seconds its way and service there would have to begin
 * later to end when that is expected by now.
 */
function heldUpS(input: FrameInput, planned: PlannedRoute | null, route: RouteRow): number {
  const { snapshot } = input;
  const at = planned?.stops.findIndex(({ stopId }) => snapshot.stops.get(stopId)?.state === 'enroute') ?? -1;
  if (planned === null || at < 0) return 0;
  const stop = snapshot.stops.get(planned.stops[at]!.stopId)!;
  const position = input.positionOf(route.truckId);
  const wayS = position === null ? planned.stops[at]!.legS : distanceM(position, stop) / STRAIGHT_MPS;
  const doneS = (projectArrivals(snapshot, planned, route)[at]!.doneMs - snapshot.nowMs) / 1_000;
  const lateS = Math.round(doneS - stop.serviceS - wayS);
  return lateS > NOTICEABLY_LATE_S ? lateS : 0;
}

const NOTICEABLY_LATE_S = 60;

/** Which landfill a planned visit is to: rules may have moved it by a little. */
function nearestLandfill(landfills: readonly Landfill[], at: Point): Landfill {
  return landfills.reduce((best, other) => (distanceM(other, at) < distanceM(best, at) ? other : best));
}

/** A running truck is where it was last heard of; before its first fix, at its last finished stop. */
function startOf(input: FrameInput, truck: TruckRow, planned: PlannedRoute | null): Point {
  const position = input.positionOf(truck.id);
  if (position !== null) return position;
  const finished = (planned?.stops ?? [])
    .map((stop) => input.snapshot.stops.get(stop.stopId)!)
    .filter((stop) => stop.state === 'done' || stop.state === 'failed');
  return finished.at(-1) ?? input.snapshot.rules.depot;
}

function toVehicle(
  vehicle: FramedVehicle,
  startIndex: number,
  overtimePriceSPerHour: number,
  openness: readonly number[],
): Vehicle {
  const skills = [...(vehicle.truck.type === 'lateral' ? [LATERAL_SKILL] : []), ...openness];
  return {
    id: vehicle.truck.id,
    profile: 'driving',
    start_index: startIndex,
    end_index: 0,
    capacity: [vehicle.truck.capacity],
    load: [vehicle.truck.loadAboard],
    skills,
    time_window: [vehicle.startS, vehicle.endS],
    breaks: vehicle.breaks.flatMap((pause, index) => {
      const untilS = Math.round(vehicle.shiftFromS + pause.untilS);
      // A pause whose hour has passed untaken is the crew's affair, not the plan's.
      if (untilS < vehicle.startS) return [];
      const fromS = Math.max(vehicle.startS, Math.round(vehicle.shiftFromS + pause.fromS));
      return [{ id: index + 1, time_windows: [[fromS, untilS]] as Window[], service: pause.durationS }];
    }),
    speed_factor: 1,
    costs: { fixed: vehicle.route === null ? ROUTE_PRICE_S : 0, per_hour: 3_600, per_km: 0 },
    ...(vehicle.overtimeMaxS > 0
      ? { overtime: { max: vehicle.overtimeMaxS, per_hour: overtimePriceSPerHour } }
      : {}),
    steps: vehicle.steps,
    frozen: vehicle.frozen,
    end_empty: true,
  };
}

function toJob(
  id: number,
  locationIndex: number,
  load: number,
  serviceS: number,
  about: {
    severity: number;
    due: Date | null;
    lateral: boolean;
    /** A truck in service has it on its round. */
    isKept: boolean;
    openness: number;
    pinnedTo: number | null;
    nowMs: number;
  },
): Job {
  return {
    id,
    location_index: locationIndex,
    setup: 0,
    service: serviceS,
    delivery: [0],
    pickup: [load],
    skills: [...(about.lateral ? [LATERAL_SKILL] : []), about.openness],
    ...(about.pinnedTo === null ? {} : { vehicle_id: about.pinnedTo }),
    priority: about.lateral ? UNPROMISED : Math.max(1, Math.min(100, Math.round(about.severity))),
    prize: leavePriceS(about),
    due:
      about.due === null ? undefined : Math.max(0, Math.round((about.due.getTime() - about.nowMs) / 1_000)),
  };
}

/**
 * What it costs to leave a stop. An incident weighs by its severity, so that the gravest stay: it is worth as many
 * containers of a working truck's round as it is severe, which is the room and about the time it takes.
 */
function leavePriceS(about: { severity: number; lateral: boolean; isKept: boolean }): number {
  const stopS = about.lateral ? LEAVE_PRICE_S : (LEAVE_PRICE_S + GIVE_UP_PRICE_S) * (about.severity + 0.5);
  return stopS + (about.isKept ? GIVE_UP_PRICE_S : 0);
}

/**
 * A second late costs by severity. A stop without a promise of its own still expects to be reached when the present
 * plan says: without a price on that, a change for one stop would turn whole rounds about.
 */
function latenessPrices(perSeverity: number): Record<string, number> {
  const prices: Record<string, number> = { [UNPROMISED]: perSeverity / 2 };
  for (let severity = 1; severity <= 100; severity++) prices[severity] = perSeverity * severity;
  return prices;
}

/** Landfill hours of today and tomorrow, in seconds from now; Latacunga keeps UTC−5 all year. */
function landfillWindows(
  hours: { openS: number; closeS: number } | null,
  nowMs: number,
): [number, number][] | undefined {
  if (hours === null) return undefined;
  const localS = Math.floor(nowMs / 1_000) - 5 * 3_600;
  const sinceMidnightS = ((localS % 86_400) + 86_400) % 86_400;
  return [0, 86_400]
    .map((day): [number, number] => [
      Math.max(0, hours.openS + day - sinceMidnightS),
      hours.closeS + day - sinceMidnightS,
    ])
    .filter(([, close]) => close > 0);
}
