import { eq } from 'drizzle-orm';
import type { PlanDiff, PlanDocument } from '../../shared/plan.ts';
import { proposals } from '../db/schema/index.ts';
import { evaluate, sequencesOf, type Sequences } from '../planning/index.ts';
import type { Dispatch } from './dispatch.ts';
import { stopsOf } from './proposals.ts';
import { wantedSequences } from './rework.ts';
import { withFreedom, type Freedom, type Prepared, type Solved } from './solve.ts';

/** How much an answer upsets, and what it costs. */
export interface Weight {
  /** Stops that change truck or are dropped, and those that are new on a route. */
  moved: number;
  /** Work, lateness and what is left out, moving free, at the prices of the point it is weighed for. */
  costS: number;
}

/**
 * From left to right the slider's points move no fewer stops and cost no more: a search that found otherwise was beaten
 * by the default, or would say that its end of the slider is none.
 *
 * @returns whether the answer keeps its place beside the default
 */
export function keepsOrder(name: 'minimal' | 'maximal', found: Weight, shown: Weight): boolean {
  return name === 'minimal'
    ? found.moved <= shown.moved && found.costS >= shown.costS
    : found.moved >= shown.moved && found.costS <= shown.costS;
}

/**
 * The default's plan where it is to stand in for what was found at this point of the slider; null where that keeps its
 * place. The default itself was shown already, and stays what it is. Nothing is searched.
 */
export async function standInFor(
  dispatch: Dispatch,
  proposalId: number,
  prepared: Prepared,
  { name, freedom, solved }: { name: 'minimal' | 'maximal'; freedom: Freedom; solved: Solved },
): Promise<{ document: PlanDocument; diff: PlanDiff } | null> {
  const { database } = dispatch.store;
  const [shown] = await database.db
    .select({ document: proposals.document, diff: proposals.diff })
    .from(proposals)
    .where(eq(proposals.id, proposalId));
  if (shown === undefined) return null;
  const { routes } = shown.document;
  // As they were when the question was asked: a truck has left for some of them since.
  const rows = new Map(
    [...(await stopsOf(database, routes))].map(([id, row]) => [id, prepared.snapshot.stops.get(id) ?? row]),
  );
  // Promises are dearer at the right end: there they are part of what it is about.
  const priced = withFreedom(prepared.problem, { stabilityS: 0, promiseFactor: freedom.promiseFactor ?? 1 });
  const costS = (sequences: Sequences) => evaluate(priced, sequences).summary.objective;
  const weights: { found: Weight; shown: Weight } = {
    found: {
      // What is new and stays out is named elsewhere.
      moved: solved.diff.moved.filter((move) => move.stopId > 0 || (move.toTruckId ?? null) !== null).length,
      costS: costS(sequencesOf(solved.after)),
    },
    shown: {
      moved: shown.diff.moved.length,
      costS: costS(wantedSequences(prepared.frame, routes, rows)),
    },
  };
  return keepsOrder(name, weights.found, weights.shown) ? null : shown;
}
