import { destination, lineLengthM, pointAlong, type LonLat, type Point } from '../../shared/geo.ts';
import type { RouteView, StopView } from '../../shared/plan.ts';
import type { City, OnFix, SimFix } from './city.ts';
import { serviceFactor, travelFactor } from './crew-pace.ts';
import { gaussian, streamOf } from './random.ts';

/** How often a crew cannot do a stop, and what it says. */
const FAIL_SHARE = { incident: 0.06, container: 0.02 } as const;
const FAIL_REASONS = [
  'Vehículo estacionado delante',
  'Calle cerrada',
  'No se encontró',
  'Portón con candado',
];
const GPS_NOISE_M = 3.5;
const FIX_EVERY_MS = 5_000;
/** A crew that has nothing to do looks at its phone this often. */
const LOOK_EVERY_MS = 15_000;

type Doing =
  | { kind: 'parked'; at: Point }
  | { kind: 'driving'; route: RouteView; stop: StopView; line: LonLat[]; startMs: number; durationMs: number }
  | { kind: 'serving'; route: RouteView; stop: StopView; at: Point; untilMs: number };

export interface TruckAgentOptions {
  truckId: number;
  seed: number;
  home: Point;
  /** False: a person drives it (its driver's account is for whoever tries the demo). */
  automatic: boolean;
  /** Told when it stands at a stop, which no record says: how good the expected arrivals were. */
  onArrival?: ((stopId: number, atMs: number) => void) | undefined;
}

/**
 * One truck with its crew: departs when its assignment is due, drives the streets of its route, serves, reports done
 * or could-not, goes on; its device sends a noisy fix every five seconds. All randomness comes from the truck's own
 * seeded stream and all time from the caller, so a day repeats.
 */
export class TruckAgent {
  readonly truckId: number;
  private readonly random: () => number;
  private readonly automatic: boolean;
  private readonly onArrival: TruckAgentOptions['onArrival'];
  private doing: Doing;
  private nextLookMs = 0;
  private nextFixMs = 0;
  private battery = 1;
  private actions = 0;

  constructor(options: TruckAgentOptions) {
    this.truckId = options.truckId;
    this.automatic = options.automatic;
    this.onArrival = options.onArrival;
    this.random = streamOf(options.seed, `truck:${options.truckId}`);
    this.doing = { kind: 'parked', at: options.home };
  }

  /** Where it really is, before the receiver's noise. */
  position(nowMs: number): Point & { heading: number; speed: number } {
    const { doing } = this;
    if (doing.kind !== 'driving') return { ...doing.at, heading: 0, speed: 0 };
    const share = Math.min(1, Math.max(0, (nowMs - doing.startMs) / doing.durationMs));
    const lengthM = lineLengthM(doing.line);
    // Crews slow down at both ends of a leg.
    const eased = share + (Math.sin(2 * Math.PI * share) / (2 * Math.PI)) * -0.35;
    return {
      ...pointAlong(doing.line, eased * lengthM),
      speed:
        share >= 1 ? 0 : (lengthM / (doing.durationMs / 1_000)) * (1 - 0.35 * Math.cos(2 * Math.PI * share)),
    };
  }

  /** Lets it act on everything due by now. */
  async step(city: City, nowMs: number, out: ReadonlySet<number>, onFix: OnFix): Promise<void> {
    this.sendFix(nowMs, onFix);
    if (out.has(this.truckId)) {
      if (this.doing.kind !== 'parked') this.doing = { kind: 'parked', at: this.position(nowMs) };
      return;
    }
    const { doing } = this;
    if (doing.kind === 'driving' && nowMs >= doing.startMs + doing.durationMs) {
      const [lon, lat] = doing.line.at(-1)!;
      this.onArrival?.(doing.stop.id, doing.startMs + doing.durationMs);
      const serviceMs = doing.stop.serviceS * 1_000 * serviceFactor(this.random());
      this.doing = {
        kind: 'serving',
        route: doing.route,
        stop: doing.stop,
        at: { lat, lon },
        untilMs: doing.startMs + doing.durationMs + serviceMs,
      };
      return;
    }
    if (doing.kind === 'serving' && nowMs >= doing.untilMs) {
      await this.finishStop(city, doing.route, doing.stop);
      this.doing = { kind: 'parked', at: doing.at };
      this.nextLookMs = 0;
    }
    if (this.doing.kind === 'parked' && this.automatic && nowMs >= this.nextLookMs) {
      this.nextLookMs = nowMs + LOOK_EVERY_MS;
      await this.look(city, nowMs);
    }
  }

  private async finishStop(city: City, route: RouteView, stop: StopView): Promise<void> {
    const clientId = `sim-${this.truckId}-${stop.id}-${++this.actions}`;
    const share = stop.kind === 'incident' || stop.kind === 'container' ? FAIL_SHARE[stop.kind] : 0;
    const failed = this.random() < share;
    const reason = FAIL_REASONS[Math.floor(this.random() * FAIL_REASONS.length)]!;
    await tolerate(
      failed ? city.fail(route, stop.id, reason, clientId) : city.complete(route, stop.id, clientId),
    );
  }

  /** What the crew's phone shows: a route to start, the next stop, or the end of the day. */
  private async look(city: City, nowMs: number): Promise<void> {
    const route = (await city.routes()).find(
      (other) => other.truckId === this.truckId && (other.state === 'running' || other.state === 'planned'),
    );
    if (route === undefined) return;
    if (route.state === 'planned') {
      if (route.assignmentId !== null && Date.parse(route.startAt) <= nowMs) {
        await tolerate(city.startAssignment(route));
        this.nextLookMs = nowMs + 1_000;
      }
      return;
    }
    const next =
      route.stops.find((stop) => stop.state === 'enroute') ??
      route.stops.find((stop, index) => stop.state === 'planned' && !(index === 0 && stop.kind === 'depot'));
    if (next === undefined) {
      await tolerate(city.finishAssignment(route));
      return;
    }
    if (next.state === 'planned' && !(await tolerate(city.depart(route, next.id)))) return;
    const way = await city.way(this.position(nowMs), next);
    if (way.line.length < 2) return;
    const durationMs = Math.max(5_000, way.durationS * 1_000 * travelFactor(this.random()));
    this.doing = { kind: 'driving', route, stop: next, line: way.line, startMs: nowMs, durationMs };
  }

  private sendFix(nowMs: number, onFix: OnFix): void {
    if (nowMs < this.nextFixMs) return;
    this.nextFixMs = nowMs + (this.doing.kind === 'parked' ? 6 * FIX_EVERY_MS : FIX_EVERY_MS);
    this.battery = Math.max(0.2, this.battery - 0.00002);
    const real = this.position(nowMs);
    const noisy = destination(real, 360 * this.random(), Math.abs(gaussian(this.random)) * GPS_NOISE_M);
    const fix: SimFix = {
      t: nowMs,
      lat: round(noisy.lat, 6),
      lon: round(noisy.lon, 6),
      speed: round(real.speed, 1),
      heading: Math.round(real.heading) % 360,
      accuracy: round(3 + 4 * this.random(), 1),
      battery: round(this.battery, 2),
      ignition: this.doing.kind !== 'parked',
    };
    onFix(this.truckId, fix);
  }
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** A refusal — somebody else was quicker, the plan changed — is part of a day: the crew looks again. */
async function tolerate(action: Promise<void>): Promise<boolean> {
  try {
    await action;
    return true;
  } catch {
    return false;
  }
}
