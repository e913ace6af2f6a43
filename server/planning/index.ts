export { PlannerInputError } from './errors.ts';
export type * from './problem.ts';
export { DEFAULT_STABILITY_S, sequencesOf } from './problem.ts';
export { attachMatrices, needsMatrices, parseProblem } from './vroom-json.ts';
export type { MatrixSource } from './vroom-json.ts';
export { evaluate, solve } from './solve.ts';
export type { SolveOptions } from './solve.ts';
export {
  bestPlaces,
  insertionPrices,
  liftsFor,
  pricedPlan,
  unassignedReasons,
  whyLeft,
} from './prices.ts';
export type { InsertionPrice, Lift, PricedPlan, Refusal, UnassignedReason } from './prices.ts';
export { explainDiff } from './explain.ts';
export type { Delta, Move, MoveEvidence, MoveReason, PlanDifference } from './explain.ts';
export { createPlannerPool, PlannerCancelled } from './pool.ts';
export type { PlannerPool, PoolSolveOptions } from './pool.ts';
export { sampleDay, warmUp } from './warm-up.ts';
export { checkSolution } from './checker.ts';
