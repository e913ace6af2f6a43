import { distanceM, toFixed } from './geo.ts';
import type { Graph } from './graph.ts';
import type { LocalSearch } from './local-search.ts';
import { seedsOf, type Closed, type Seed } from './search.ts';
import type { Snapped, Snapper } from './snap.ts';

/** One fix of a trace: degrees, seconds (NaN without a clock), and how far off it may be (standard deviation). */
export interface Fix {
  lon: number;
  lat: number;
  timeS: number;
  sigmaM: number;
}

/** Where a fix may have been, and in which direction it was driven past. */
export interface Candidate {
  place: Snapped;
  /** One lane, or both at a sharp bend of the trace where the driver may have turned round. */
  lanes: number[];
}

export interface MatchedPoint {
  fix: number;
  candidate: Candidate;
  alternatives: number;
}

export const DEFAULT_SIGMA_M = 5;
/** Candidates are looked for within this many standard deviations. */
const SEARCH_SIGMAS = 3;
/** Metres by which the way between two fixes is expected to differ from the straight line. */
const BETA_M = 10;
const MAX_SPEED_M_PER_S = 180 / 3.6;
const MAX_DETOUR_M = 2000;
const MAX_BROKEN_STATES = 10;
const SLOWEST_M_PER_S = 4;
const MAX_CANDIDATES = 40;
const LOG_2_PI = Math.log(2 * Math.PI);

interface State {
  fix: number;
  candidates: Candidate[];
  value: number[];
  parent: number[];
  /** Index of the state its parents refer to; -1 at the start of a piece. */
  previous: number;
}

/**
 * Matches fixes one after the other to streets by a hidden Markov model (Newson and Krumm 2009): a fix is likely near
 * its street, and ways between fixes are likely about as long as the straight line. Fixes may be added as they
 * arrive; `latest` tells the likeliest place so far, `finish` the likeliest whole.
 */
export class TraceMatcher {
  private readonly graph: Graph;
  private readonly snapper: Snapper;
  private readonly closed: Closed | null;
  private readonly local: LocalSearch;
  private readonly split: boolean;
  private readonly fixes: Fix[] = [];
  private readonly states: State[] = [];
  private readonly intervals: number[] = [];

  constructor(graph: Graph, snapper: Snapper, closed: Closed | null, local: LocalSearch, split = true) {
    this.graph = graph;
    this.snapper = snapper;
    this.closed = closed;
    this.local = local;
    this.split = split;
  }

  /** Adds a fix; `mayTurn` where the trace bends so sharply that a U-turn is likely. True when a street is near. */
  add(fix: Fix, mayTurn = false): boolean {
    const last = this.fixes.at(-1);
    if (last && fix.timeS > last.timeS) this.intervals.push(fix.timeS - last.timeS);
    const index = this.fixes.push(fix) - 1;
    const candidates = this.candidatesFor(fix, mayTurn);
    if (candidates.length === 0) return false;
    const state: State = { fix: index, candidates, value: [], parent: [], previous: -1 };
    const previous = this.states.length - 1;
    if (previous < 0 || this.isGap(fix, this.states[previous]!) || !this.connect(state, previous)) {
      this.begin(state);
    }
    this.states.push(state);
    return true;
  }

  /** The likeliest place of the last fix, by what is known so far. */
  latest(): MatchedPoint | null {
    const state = this.states.at(-1);
    if (!state) return null;
    const best = indexOfMax(state.value);
    return { fix: state.fix, candidate: state.candidates[best]!, alternatives: state.candidates.length - 1 };
  }

  /** Runs of connected fixes with their likeliest places; a run has at least two. */
  finish(): MatchedPoint[][] {
    const runs: MatchedPoint[][] = [];
    const used = new Set<number>();
    for (let end = this.states.length - 1; end >= 0; end--) {
      if (used.has(end)) continue;
      const run: MatchedPoint[] = [];
      let at = end;
      let pick = indexOfMax(this.states[end]!.value);
      while (at >= 0) {
        const state = this.states[at]!;
        used.add(at);
        run.unshift({
          fix: state.fix,
          candidate: state.candidates[pick]!,
          alternatives: state.candidates.length - 1,
        });
        pick = state.parent[pick] ?? -1;
        at = state.previous;
      }
      // States skipped inside a run (no way led through them) belong to no run.
      for (let skipped = this.states.findIndex((s) => s.fix === run[0]!.fix); skipped <= end; skipped++) {
        used.add(skipped);
      }
      if (run.length >= 2) runs.unshift(run);
    }
    return runs;
  }

  private begin(state: State): void {
    state.previous = -1;
    state.value = state.candidates.map(({ place }) =>
      emission(place.distanceM, this.fixes[state.fix]!.sigmaM),
    );
    state.parent = state.candidates.map(() => -1);
  }

  /** Links a state to the latest one it can be reached from; false when the trace breaks here. */
  private connect(state: State, previous: number): boolean {
    for (let back = previous; back >= 0 && back > previous - MAX_BROKEN_STATES; back--) {
      const before = this.states[back]!;
      if (this.isGap(this.fixes[state.fix]!, before)) return false;
      if (this.connectTo(state, back)) return true;
    }
    return false;
  }

  private connectTo(state: State, back: number): boolean {
    const before = this.states[back]!;
    const from = this.fixes[before.fix]!;
    const to = this.fixes[state.fix]!;
    const straight = distanceM(toFixed(from.lon), toFixed(from.lat), toFixed(to.lon), toFixed(to.lat));
    const maxDetourM = this.maxDetour();
    const maxWeight = ((straight + maxDetourM) / SLOWEST_M_PER_S) * 10;
    const emitted = state.candidates.map(({ place }) => emission(place.distanceM, to.sigmaM));
    const value = state.candidates.map(() => -Infinity);
    const parent = state.candidates.map(() => -1);
    const targets = state.candidates.map((candidate) => this.seeds(candidate, 'target'));
    const flat = targets.flat();
    before.candidates.forEach((candidate, i) => {
      if (before.value[i] === -Infinity) return;
      const ways = this.seeds(candidate, 'source').map((seed) =>
        this.local.distances(seed, flat, maxWeight, this.closed),
      );
      let offset = 0;
      targets.forEach((seeds, j) => {
        let network = Infinity;
        for (const way of ways) {
          for (let k = 0; k < seeds.length; k++) network = Math.min(network, way[offset + k]!);
        }
        offset += seeds.length;
        const difference = Math.abs(network - straight);
        if (!(difference < maxDetourM)) return;
        const total = before.value[i]! + emitted[j]! - Math.log(BETA_M) - difference / BETA_M;
        if (total > value[j]!) {
          value[j] = total;
          parent[j] = i;
        }
      });
    });
    if (value.every((v) => v === -Infinity)) return false;
    state.value = value;
    state.parent = parent;
    state.previous = back;
    return true;
  }

  private seeds({ place, lanes }: Candidate, role: 'source' | 'target'): Seed[] {
    return seedsOf(this.graph, [place], role, this.closed).filter((seed) => lanes.includes(seed.lane));
  }

  private candidatesFor(fix: Fix, mayTurn: boolean): Candidate[] {
    const places = this.snapper.nearest(fix.lon, fix.lat, MAX_CANDIDATES * 4, {
      snapping: 'any',
      maxDistanceM: fix.sigmaM * SEARCH_SIGMAS,
    });
    const seen = new Set<number>();
    const candidates: Candidate[] = [];
    for (const place of places) {
      if (seen.has(place.street) || candidates.length >= MAX_CANDIDATES) continue;
      seen.add(place.street);
      const lanes = [place.forwardLane, place.reverseLane].filter((lane) => lane >= 0);
      if (mayTurn) candidates.push({ place, lanes });
      else candidates.push(...lanes.map((lane) => ({ place, lanes: [lane] })));
    }
    return candidates;
  }

  private isGap(fix: Fix, before: State): boolean {
    if (!this.split) return false;
    const elapsed = fix.timeS - this.fixes[before.fix]!.timeS;
    if (Number.isNaN(elapsed)) return this.fixes.length - 1 - before.fix > MAX_BROKEN_STATES;
    return elapsed > this.medianInterval() * MAX_BROKEN_STATES;
  }

  private medianInterval(): number {
    const sorted = this.intervals.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 1;
  }

  private maxDetour(): number {
    return this.intervals.length > 0 ? this.medianInterval() * MAX_SPEED_M_PER_S : MAX_DETOUR_M;
  }
}

function emission(distance: number, sigma: number): number {
  return -0.5 * (LOG_2_PI + (distance / sigma) ** 2) - Math.log(sigma);
}

function indexOfMax(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Does the trace bend back on itself at its middle point? */
export function bendsBack(a: Fix, b: Fix, c: Fix): boolean {
  const shrink = Math.cos((b.lat * Math.PI) / 180);
  const first = Math.atan2(a.lat - b.lat, (a.lon - b.lon) * shrink);
  const second = Math.atan2(c.lat - b.lat, (c.lon - b.lon) * shrink);
  const angle = Math.abs(((first - second) * 180) / Math.PI) % 360;
  return Math.min(angle, 360 - angle) <= 45;
}
