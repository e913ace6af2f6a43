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
}

/** A day of the city, advanced by whoever holds the clock. */
export class Day {
  private readonly agents: TruckAgent[];
  private readonly citizens: Citizens;
  /** Replaced when trucks change from a kept morning to a live radio. */
  onFix: OnFix;
  private nextSupervisionMs = 0;
  private out: ReadonlySet<number> = new Set();

  constructor(options: DayOptions) {
    this.onFix = options.onFix;
    this.citizens = new Citizens(options.seed, options.places, options.startMs);
    this.agents = [...options.trucks]
      .sort((a, b) => a.truckId - b.truckId)
      .map((truck) => new TruckAgent({ ...truck, seed: options.seed, home: options.home }));
  }

  /** Everything due by `nowMs` happens, in a fixed order. */
  async step(city: City, nowMs: number): Promise<void> {
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
