import type { Point } from '../../shared/geo.ts';
import { Citizens } from './citizens.ts';
import type { City, OnFix } from './city.ts';
import { TruckAgent } from './truck-agent.ts';

export interface DayOptions {
  seed: number;
  trucks: readonly { truckId: number; automatic: boolean }[];
  home: Point;
  /** Where people live: reports come from near these. */
  places: readonly Point[];
  startMs: number;
  onFix: OnFix;
  onArrival?: (stopId: number, atMs: number) => void;
}

/** How long a look at the plan holds, unless somebody acts. */
const LOOK_HOLDS_MS = 20_000;

/** The same city, read seldom: many crews look at one plan, which changes only when somebody acts. */
function readSeldom(city: City, now: () => number): City {
  let routes: { atMs: number; value: ReturnType<City['routes']> } | null = null;
  const acting =
    <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await act(...args);
      } finally {
        routes = null;
      }
    };
  return {
    ...city,
    routes() {
      if (routes === null || now() - routes.atMs >= LOOK_HOLDS_MS) {
        routes = { atMs: now(), value: city.routes() };
        // A failed look is not kept.
        routes.value.catch(() => (routes = null));
      }
      return routes.value;
    },
    startAssignment: acting(city.startAssignment),
    finishAssignment: acting(city.finishAssignment),
    assignDriver: acting(city.assignDriver),
    depart: acting(city.depart),
    complete: acting(city.complete),
    fail: acting(city.fail),
  };
}

/** A day of the city, advanced by whoever holds the clock. */
export class Day {
  private readonly agents: TruckAgent[];
  private readonly citizens: Citizens;
  /** Replaced when trucks change from a kept morning to a live radio. */
  onFix: OnFix;
  private nextSupervisionMs = 0;
  private out: ReadonlySet<number> = new Set();
  private seen: { city: City; seldom: City } | null = null;
  private nowMs = 0;

  constructor(options: DayOptions) {
    this.onFix = options.onFix;
    this.citizens = new Citizens(options.seed, options.places, options.startMs);
    this.agents = [...options.trucks]
      .sort((a, b) => a.truckId - b.truckId)
      .map(
        (truck) =>
          new TruckAgent({ ...truck, seed: options.seed, home: options.home, onArrival: options.onArrival }),
      );
  }

  /** Everything due by `nowMs` happens, in a fixed order. */
  async step(given: City, nowMs: number): Promise<void> {
    this.nowMs = nowMs;
    if (this.seen?.city !== given) {
      this.seen = { city: given, seldom: readSeldom(given, () => this.nowMs) };
    }
    const city = this.seen.seldom;
    if (nowMs >= this.nextSupervisionMs) {
      this.nextSupervisionMs = nowMs + 20_000;
      this.out = await city.outTrucks();
      for (const route of await city.routes()) {
        if (route.state === 'planned' && route.assignmentId === null) await city.assignDriver(route);
      }
    }
    await this.citizens.step(city, nowMs);
    for (const agent of this.agents) await agent.step(city, nowMs, this.out, this.onFix);
  }

  /** Runs a stretch of the day as fast as it goes, in steps of five seconds. */
  async run(city: City, fromMs: number, toMs: number, setClock: (nowMs: number) => void): Promise<void> {
    for (let nowMs = fromMs; nowMs <= toMs; nowMs += 5_000) {
      setClock(nowMs);
      await this.step(city, nowMs);
    }
  }
}
