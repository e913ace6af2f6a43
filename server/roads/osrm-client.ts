import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { DomainError } from '../../shared/errors.ts';
import { CallFailed, Circuit } from './circuit.ts';
import { TravelMemory } from './fallback.ts';
import type {
  Closure,
  LonLat,
  MatchedTrace,
  Roads,
  RoadsState,
  RouteStep,
  TracePoint,
  TravelLeg,
  TravelRoute,
  TravelTable,
  VehicleProfile,
} from './roads.ts';
import type { OsrmTransport } from './transport.ts';

export { httpTransport, workerTransport, type OsrmAnswer, type OsrmTransport } from './transport.ts';

export interface RoadsOptions {
  engine: 'osrm' | 'embedded';
  /** Milliseconds; only differences count. */
  now: () => number;
  timeoutMs?: number;
  concurrency?: number;
  /** Points a table request may have on each side; osrm-routed allows 100 by default. */
  maxTableSize?: number;
  /** How long after repeated failure the router is left alone. */
  retryAfterMs?: number;
}

/**
 * A table is asked for in blocks of this size: osrm-routed allows no larger, and reading a larger answer would block
 * the event loop for longer than 10 ms.
 */
const TABLE_SIZE = 100;
const ROWS_AT_ONCE = 20;
const MATCH_POINTS = 100;
/**
 * OSRM answers a block in tens of milliseconds; a silent one must not keep a plan waiting. The embedded router loads its
 * map with the first question and contracts it anew after a closure.
 */
const TIMEOUT_MS = { osrm: 3_000, embedded: 30_000 } as const;

const pair = z.tuple([z.number(), z.number()]).rest(z.unknown());
const line = z.object({ coordinates: z.array(pair) });
/** Rows are checked by hand: there are thousands of cells. */
const rows = z.custom<(number | null)[][]>(
  (value) =>
    Array.isArray(value) &&
    value.every((row) => Array.isArray(row) && row.every((cell) => cell === null || Number.isFinite(cell))),
);
const tableAnswer = z.object({ durations: rows, distances: rows });
const stepAnswer = z.object({
  distance: z.number(),
  duration: z.number(),
  name: z.string(),
  geometry: line,
  maneuver: z.object({
    type: z.string(),
    modifier: z.string().optional(),
    exit: z.number().optional(),
    location: pair,
    bearing_after: z.number(),
  }),
});
const legAnswer = z.object({
  distance: z.number(),
  duration: z.number(),
  steps: z.array(stepAnswer),
});
const routeAnswer = z.object({
  routes: z.array(
    z.object({ distance: z.number(), duration: z.number(), geometry: line, legs: z.array(legAnswer) }),
  ),
});
const nearestAnswer = z.object({
  waypoints: z.array(z.object({ location: pair, distance: z.number(), name: z.string() })),
});
const matchAnswer = z.object({
  matchings: z.array(
    z.object({ distance: z.number(), duration: z.number(), geometry: line, confidence: z.number() }),
  ),
  tracepoints: z.array(
    z.object({ location: pair, name: z.string(), matchings_index: z.number() }).nullable(),
  ),
});

const coordinates = (points: readonly LonLat[]): string =>
  points.map(([lon, lat]) => `${lon.toFixed(6)},${lat.toFixed(6)}`).join(';');
const lonLat = (coordinate: readonly [number, number, ...unknown[]]): LonLat => [
  coordinate[0],
  coordinate[1],
];

/** The one client of the router, whichever answers. Never fails for want of a router: it then estimates and says so. */
export function createRoads(transport: OsrmTransport, options: RoadsOptions): Roads {
  return new OsrmRoads(transport, options);
}

class OsrmRoads implements Roads {
  private readonly transport: OsrmTransport;
  private readonly options: RoadsOptions;
  private readonly circuit: Circuit;
  private readonly memory = new TravelMemory();
  private readonly tableSize: number;
  private degraded = false;
  private closuresIgnored = 0;

  constructor(transport: OsrmTransport, options: RoadsOptions) {
    this.transport = transport;
    this.options = options;
    this.tableSize = options.maxTableSize ?? TABLE_SIZE;
    this.circuit = new Circuit({
      now: options.now,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS[options.engine],
      concurrency: options.concurrency ?? 8,
      maxWaiting: 2_000,
      failuresToOpen: 3,
      retryAfterMs: options.retryAfterMs ?? 5_000,
    });
  }

  async table(
    points: readonly LonLat[],
    opts: { profile?: VehicleProfile; sources?: readonly number[]; destinations?: readonly number[] } = {},
  ): Promise<TravelTable> {
    const profile = opts.profile ?? 'driving';
    const rows = opts.sources ?? [...points.keys()];
    const columns = opts.destinations ?? [...points.keys()];
    for (const index of [...rows, ...columns]) {
      if (points[index] === undefined) throw new DomainError('invalid-input', `There is no point ${index}.`);
    }
    const answer: TravelTable = {
      durationsS: rows.map(() => new Array<number>(columns.length).fill(Infinity)),
      distancesM: rows.map(() => new Array<number>(columns.length).fill(Infinity)),
      degraded: false,
    };
    const blocks: Promise<void>[] = [];
    for (let row = 0; row < rows.length; row += this.tableSize) {
      for (let column = 0; column < columns.length; column += this.tableSize) {
        const from = rows.slice(row, row + this.tableSize).map((index) => points[index]!);
        const to = columns.slice(column, column + this.tableSize).map((index) => points[index]!);
        blocks.push(this.tableBlock(profile, from, to, answer, row, column));
      }
    }
    await Promise.all(blocks);
    return answer;
  }

  private async tableBlock(
    profile: VehicleProfile,
    from: readonly LonLat[],
    to: readonly LonLat[],
    answer: TravelTable,
    row: number,
    column: number,
  ): Promise<void> {
    const set = (i: number, j: number, durationS: number, distanceM: number): void => {
      answer.durationsS[row + i]![column + j] = durationS;
      answer.distancesM[row + i]![column + j] = distanceM;
    };
    const fromIds = from.map((point) => this.memory.idOf(point));
    const toIds = to.map((point) => this.memory.idOf(point));
    if (this.fillFromMemory(profile, fromIds, toIds, set)) return;
    const sources = [...from.keys()].join(';');
    const destinations = [...to.keys()].map((j) => from.length + j).join(';');
    const query = `sources=${sources}&destinations=${destinations}&annotations=duration,distance&generate_hints=false&skip_waypoints=true`;
    const found = await this.ask(
      `/table/v1/${profile}/${coordinates([...from, ...to])}?${query}`,
      tableAnswer,
    );
    for (const [i, a] of from.entries()) {
      // A block has ten thousand cells to remember: the server answers others in between.
      if (i > 0 && i % ROWS_AT_ONCE === 0) await setImmediate();
      to.forEach((b, j) => {
        if (found === 'out') {
          const known = this.memory.recall(profile, fromIds[i]!, toIds[j]!);
          const travel = known ?? this.memory.estimate(a, b);
          set(i, j, travel.durationS, travel.distanceM);
          answer.degraded = true;
          return;
        }
        const durationS = found?.durations[i]?.[j] ?? Infinity;
        const distanceM = found?.distances[i]?.[j] ?? Infinity;
        set(i, j, durationS, distanceM);
        this.memory.remember(profile, fromIds[i]!, toIds[j]!, durationS, distanceM);
        // One pair a row is enough to learn from.
        if (j === (i + 1) % to.length) this.memory.learn(a, b, { durationS, distanceM });
      });
    }
  }

  private fillFromMemory(
    profile: VehicleProfile,
    from: readonly number[],
    to: readonly number[],
    set: (i: number, j: number, durationS: number, distanceM: number) => void,
  ): boolean {
    for (const [i, a] of from.entries()) {
      for (const [j, b] of to.entries()) {
        const known = this.memory.recall(profile, a, b);
        if (!known) return false;
        set(i, j, known.durationS, known.distanceM);
      }
    }
    return true;
  }

  async route(
    points: readonly LonLat[],
    opts: { profile?: VehicleProfile; steps?: boolean } = {},
  ): Promise<TravelRoute> {
    if (points.length < 2) throw new DomainError('invalid-input', 'A route needs at least two points.');
    const profile = opts.profile ?? 'driving';
    const query = 'overview=full&geometries=geojson&steps=true&generate_hints=false&skip_waypoints=true';
    const found = await this.ask(`/route/v1/${profile}/${coordinates(points)}?${query}`, routeAnswer);
    if (found === 'out') return this.straightRoute(profile, points);
    const route = found?.routes[0];
    if (!route) return { durationS: Infinity, distanceM: Infinity, geometry: [], legs: [], degraded: false };
    return {
      durationS: route.duration,
      distanceM: route.distance,
      geometry: route.geometry.coordinates.map(lonLat),
      legs: route.legs.map((leg) => toLeg(leg, opts.steps === true)),
      degraded: false,
    };
  }

  private straightRoute(profile: VehicleProfile, points: readonly LonLat[]): TravelRoute {
    const legs: TravelLeg[] = points.slice(1).map((to, i) => {
      const from = points[i]!;
      const known = this.memory.recall(profile, this.memory.idOf(from), this.memory.idOf(to));
      const travel = known ?? this.memory.estimate(from, to);
      return { ...travel, geometry: [from, to] };
    });
    return {
      durationS: legs.reduce((total, leg) => total + leg.durationS, 0),
      distanceM: legs.reduce((total, leg) => total + leg.distanceM, 0),
      geometry: [...points],
      legs,
      degraded: true,
    };
  }

  async nearest(point: LonLat) {
    const found = await this.ask(
      `/nearest/v1/driving/${coordinates([point])}?generate_hints=false`,
      nearestAnswer,
    );
    const place = found === 'out' ? undefined : found?.waypoints[0];
    if (!place) return null;
    const [lon, lat] = place.location;
    return { lon, lat, distanceM: place.distance, name: place.name };
  }

  async match(trace: readonly TracePoint[]): Promise<MatchedTrace> {
    const all: MatchedTrace = { pieces: [], points: [], degraded: false };
    for (let from = 0; from < trace.length; from += MATCH_POINTS) {
      const part = trace.slice(from, from + MATCH_POINTS);
      const found = part.length < 2 ? null : await this.matchPart(part);
      if (found === 'out') all.degraded = true;
      if (found === null || found === 'out') {
        all.points.push(...part.map(() => null));
        continue;
      }
      const offset = all.pieces.length;
      for (const matching of found.matchings) {
        all.pieces.push({
          geometry: matching.geometry.coordinates.map(lonLat),
          durationS: matching.duration,
          distanceM: matching.distance,
          confidence: matching.confidence,
        });
      }
      for (const point of found.tracepoints) {
        all.points.push(
          point && {
            lon: point.location[0],
            lat: point.location[1],
            name: point.name,
            piece: offset + point.matchings_index,
          },
        );
      }
    }
    return all;
  }

  private matchPart(part: readonly TracePoint[]) {
    const points = coordinates(part.map(({ lon, lat }): LonLat => [lon, lat]));
    const timestamps = part.map(({ tMs }) => Math.floor(tMs / 1000)).join(';');
    const radiuses = part.map(({ accuracyM }) => Math.min(50, Math.max(4, accuracyM ?? 10))).join(';');
    const query = `timestamps=${timestamps}&radiuses=${radiuses}&overview=full&geometries=geojson&generate_hints=false`;
    return this.ask(`/match/v1/driving/${points}?${query}`, matchAnswer);
  }

  async setClosures(closures: readonly Closure[]): Promise<void> {
    this.memory.forget();
    if (this.transport.setClosures) await this.transport.setClosures(closures);
    else this.closuresIgnored = closures.length;
  }

  state(): RoadsState {
    const { engine } = this.options;
    if (this.degraded) return { engine, status: 'degraded', note: this.circuit.lastError };
    if (this.closuresIgnored > 0) {
      return {
        engine,
        status: 'degraded',
        note: `${this.closuresIgnored} closures are unknown to this router`,
      };
    }
    return { engine, status: 'ok' };
  }

  async close(): Promise<void> {
    await this.transport.close?.();
  }

  /**
   * One request: its answer; null when the router says there is none (no street, no way); `out` when the router does
   * not answer or answers nonsense.
   */
  private async ask<T>(pathAndQuery: string, shape: z.ZodType<T>): Promise<T | null | 'out'> {
    try {
      const answer = await this.circuit.call(async () => {
        const { status, body } = await this.transport(pathAndQuery);
        if (status === 200) return shape.parse(body);
        const code = z.object({ code: z.string() }).safeParse(body);
        if (status >= 500 || !code.success) throw new Error(`the router answered ${status}`);
        return null;
      });
      this.degraded = false;
      return answer;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.degraded = true;
      return 'out';
    }
  }
}

function toLeg(leg: z.infer<typeof legAnswer>, wantsSteps: boolean): TravelLeg {
  const geometry: LonLat[] = [];
  for (const step of leg.steps) {
    for (const coordinate of step.geometry.coordinates) {
      const last = geometry.at(-1);
      if (last?.[0] !== coordinate[0] || last[1] !== coordinate[1]) geometry.push(lonLat(coordinate));
    }
  }
  const result: TravelLeg = { durationS: leg.duration, distanceM: leg.distance, geometry };
  if (wantsSteps) result.steps = leg.steps.map(toStep);
  return result;
}

function toStep({ maneuver, ...step }: z.infer<typeof stepAnswer>): RouteStep {
  return {
    distanceM: step.distance,
    durationS: step.duration,
    name: step.name,
    type: maneuver.type,
    ...(maneuver.modifier === undefined ? {} : { modifier: maneuver.modifier }),
    ...(maneuver.exit === undefined ? {} : { exit: maneuver.exit }),
    location: lonLat(maneuver.location),
    bearingAfter: maneuver.bearing_after,
    geometry: step.geometry.coordinates.map(lonLat),
  };
}
