import type { Point } from '../../shared/geo.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Store } from '../events/store.ts';
import type { PlannerProblem, PlannerSolution } from '../planning/index.ts';
import type { Roads } from '../roads/roads.ts';

/** The planner as dispatch sees it: a pool of warm worker threads. */
export interface Planner {
  /** Requests wait for one another; none cancels another, for each has somebody waiting for its answer. */
  solve(problem: PlannerProblem, options: PlannerBudget): Promise<PlannerSolution>;
}

export interface PlannerBudget {
  /** What the search is for. */
  zone: Zone;
  seed: number;
  /** Wall time for the search; left out where `iterations` makes a run repeatable. */
  seconds?: number;
  iterations?: number;
  /** Nobody waits for it: it gives way to every other search, and rejects when it does. */
  background?: boolean;
  /** The search is given up, and rejects, when it aborts: what it was for is to be asked anew. */
  abort?: AbortSignal;
}

/** What the verbs of the plan's life need. Wired in main.ts. */
export interface Dispatch {
  store: Store;
  roads: Roads;
  planner: Planner;
  /** Latest good position of a truck, or null when it was never heard. */
  positionOf(truckId: number): Point | null;
  /** Seconds of search for one proposal. */
  budget: { seconds: number } | { iterations: number };
  seed: number;
  /** Told of each proposal that stays open, with what computes its other alternatives. */
  onProposed?: (proposalId: number, fill: () => Promise<void>) => void;
}
