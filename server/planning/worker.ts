import { parentPort } from 'node:worker_threads';
import { takeSeat } from './board.ts';
import type { Seat } from './board.ts';
import { PlannerInputError } from './errors.ts';
import type { PlannerProblem, PlannerSolution } from './problem.ts';
import { solve } from './solve.ts';
import type { SolveOptions } from './solve.ts';
import { warmUp } from './warm-up.ts';

/** What the pool sends a worker: one search. `cancel` is shared memory; 1 there ends the search early. */
export interface WorkerTask {
  id: number;
  problem: PlannerProblem;
  options: Omit<SolveOptions, 'now' | 'signal' | 'exchange'>;
  /** The search's place among those of the same request; undefined when it is alone. */
  seat: Seat | undefined;
  cancel: SharedArrayBuffer;
}

export type WorkerAnswer =
  | { kind: 'ready' }
  | { kind: 'solved'; id: number; solution: PlannerSolution }
  | { kind: 'failed'; id: number; message: string; code: number | undefined };

const now = () => performance.now();

function answer(message: WorkerAnswer): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', (task: WorkerTask) => {
  const flag = new Int32Array(task.cancel);
  const signal = {
    get cancelled() {
      return Atomics.load(flag, 0) === 1;
    },
  };
  try {
    const exchange = task.seat && takeSeat(task.problem, task.seat, signal);
    const solution = solve(task.problem, { ...task.options, now, signal, exchange });
    answer({ kind: 'solved', id: task.id, solution });
  } catch (cause) {
    answer({
      kind: 'failed',
      id: task.id,
      message: cause instanceof Error ? cause.message : 'the search failed',
      code: cause instanceof PlannerInputError ? cause.code : undefined,
    });
  }
});

// A cold thread runs ten times slower than a hot one: meet the compiler before the first breakdown does.
warmUp(now);
answer({ kind: 'ready' });
