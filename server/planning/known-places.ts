import type { Model } from './model.ts';

/** Beyond this many pairs of job and vehicle the table would cost more memory than it saves time. */
const MOST_PAIRS = 4_000_000;

/**
 * The cheapest place of each job in each vehicle's committed route, as far as it was looked for. An entry holds for one
 * version of the route. Position -1 says that no place is cheaper than `cost`.
 */
export class KnownPlaces {
  readonly usable: boolean;
  readonly version: Int32Array;
  readonly cost: Float64Array;
  readonly position: Int32Array;
  /** A disposal or reload that comes before or after the job there; empty unless there are any. */
  readonly before: Int32Array;
  readonly after: Int32Array;
  /** What the cheapest detour to the job alone costs there, whether it may be made or not; empty unless there are any. */
  readonly leastDetour: Float64Array;

  constructor(model: Model, withPlaces: boolean) {
    const pairs = model.jobCount * model.vehicleCount;
    this.usable = pairs <= MOST_PAIRS;
    const size = this.usable ? pairs : 0;
    this.version = new Int32Array(size);
    this.cost = new Float64Array(size);
    this.position = new Int32Array(size);
    this.before = new Int32Array(withPlaces ? size : 0);
    this.after = new Int32Array(withPlaces ? size : 0);
    this.leastDetour = new Float64Array(withPlaces ? size : 0);
  }
}
