import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { layBoard } from './board.ts';
import { PlannerInputError } from './errors.ts';
import type { PlannerErrorCode } from './errors.ts';
import type { PlannerProblem, PlannerSolution } from './problem.ts';
import { isBetter } from './solve.ts';
import type { SolveOptions } from './solve.ts';
import type { WorkerAnswer, WorkerTask } from './worker.ts';

/** The search was given up: by `cancel`, by a newer request of the same key, or because the pool closed. */
export class PlannerCancelled extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PlannerCancelled';
  }
}

export interface PoolSolveOptions extends Omit<SolveOptions, 'now' | 'signal' | 'startFrom' | 'exchange'> {
  /** A newer request with the same key cancels an older one. */
  key?: string | undefined;
  /** Gives the search up when it aborts. */
  abort?: AbortSignal | undefined;
  startFrom?: SolveOptions['startFrom'];
}

export interface PlannerPool {
  /** Resolves when every thread is hot. */
  ready: Promise<void>;
  /**
   * Searches on all threads at once, which tell each other the best plans they find: one begins from the plan in
   * `steps`, the others cold, and the best answer wins. Rejects with PlannerInputError, or PlannerCancelled.
   */
  solve(problem: PlannerProblem, options: PoolSolveOptions): Promise<PlannerSolution>;
  /** Gives up the request of this key, running or waiting. */
  cancel(key: string): void;
  close(): Promise<void>;
}

interface Request {
  key: string | undefined;
  problem: PlannerProblem;
  options: PoolSolveOptions;
  cancel: Int32Array<SharedArrayBuffer>;
  open: number;
  /** By thread, so that of two answers equally good always the same one wins. */
  answers: (PlannerSolution | undefined)[];
  iterations: number;
  settled: boolean;
  resolve: (solution: PlannerSolution) => void;
  reject: (cause: Error) => void;
}

interface Thread {
  worker: Worker;
  busy: Request | undefined;
}

/**
 * Starts long-lived planner threads and warms them up. Run from TypeScript source they load `worker.ts` through tsx;
 * from a bundle, `planning-worker.js` beside it.
 */
export function createPlannerPool({ threads: count }: { threads: number }): PlannerPool {
  const waiting: Request[] = [];
  const threads: Thread[] = [];
  let closed = false;
  let taskId = 0;

  const fail = (request: Request, cause: Error): void => {
    if (request.settled) return;
    request.settled = true;
    Atomics.store(request.cancel, 0, 1);
    const at = waiting.indexOf(request);
    if (at >= 0) waiting.splice(at, 1);
    request.reject(cause);
  };

  const start = (request: Request): void => {
    const { problem, options } = request;
    const { key: _key, abort: _abort, startFrom, ...bounds } = options;
    const hasPlan = problem.vehicles.some((vehicle) => (vehicle.steps?.length ?? 0) > vehicle.frozen);
    request.open = threads.length;
    const seats = threads.length;
    const memory = seats > 1 ? layBoard(problem, seats) : undefined;
    const waits = options.seconds === undefined && options.iterations !== undefined;
    threads.forEach((thread, i) => {
      const own = threads.length === 1 ? 'both' : i === 0 ? 'steps' : 'cold';
      const task: WorkerTask = {
        id: ++taskId,
        problem,
        options: {
          ...bounds,
          seed: options.seed + 1000 * i,
          startFrom: startFrom ?? (hasPlan ? own : 'cold'),
        },
        seat: memory && { memory, own: i, seats, waits },
        cancel: request.cancel.buffer,
      };
      thread.busy = request;
      thread.worker.postMessage(task);
    });
  };

  const startNext = (): void => {
    if (closed || threads.some((thread) => thread.busy)) return;
    const next = waiting.shift();
    if (next) start(next);
  };

  const finish = (request: Request): void => {
    if (request.settled) return;
    const best = request.answers.reduce((kept, next) =>
      next && (!kept || isBetter(request.problem, next, kept)) ? next : kept,
    );
    if (!best) return;
    request.settled = true;
    best.summary.computing_times.iterations = request.iterations;
    request.resolve(best);
  };

  const take = (thread: Thread, message: WorkerAnswer): void => {
    const request = thread.busy;
    if (message.kind === 'ready' || !request) return;
    thread.busy = undefined;
    request.open--;
    if (message.kind === 'solved') {
      request.iterations += message.solution.summary.computing_times.iterations ?? 0;
      request.answers[threads.indexOf(thread)] = message.solution;
    } else {
      const { code, message: text } = message;
      fail(
        request,
        code === undefined ? new Error(text) : new PlannerInputError(text, code as PlannerErrorCode),
      );
    }
    if (request.open === 0) finish(request);
    startNext();
  };

  const spawn = (thread: Thread): Promise<void> =>
    new Promise((resolve) => {
      const worker = startWorker();
      thread.worker = worker;
      worker.on('message', (message: WorkerAnswer) => {
        if (message.kind === 'ready') resolve();
        take(thread, message);
      });
      worker.on('error', (cause) => {
        const request = thread.busy;
        thread.busy = undefined;
        if (request) {
          request.open--;
          fail(request, cause instanceof Error ? cause : new Error('a planner thread failed'));
        }
        resolve();
        if (closed) return;
        void spawn(thread);
        startNext();
      });
    });

  const warmed = Array.from({ length: Math.max(1, count) }, () => {
    const thread = { busy: undefined } as unknown as Thread;
    threads.push(thread);
    return spawn(thread);
  });

  return {
    ready: Promise.all(warmed).then(() => undefined),
    solve(problem, options) {
      if (closed) return Promise.reject(new PlannerCancelled('the planner is closed'));
      if (options.key !== undefined) this.cancel(options.key);
      const { abort } = options;
      if (abort?.aborted) return Promise.reject(new PlannerCancelled('given up before it began'));
      return new Promise((resolve, reject) => {
        const request: Request = {
          key: options.key,
          problem,
          options,
          cancel: new Int32Array(new SharedArrayBuffer(4)),
          open: 0,
          answers: threads.map(() => undefined),
          iterations: 0,
          settled: false,
          resolve,
          reject,
        };
        abort?.addEventListener(
          'abort',
          () => fail(request, new PlannerCancelled('given up: something newer is to be answered')),
          { once: true },
        );
        waiting.push(request);
        startNext();
      });
    },
    cancel(key) {
      const running = new Set(threads.flatMap((thread) => (thread.busy ? [thread.busy] : [])));
      for (const request of [...waiting, ...running]) {
        if (request.key === key) fail(request, new PlannerCancelled(`superseded: ${key}`));
      }
    },
    async close() {
      closed = true;
      const open = [...waiting, ...threads.flatMap((thread) => (thread.busy ? [thread.busy] : []))];
      for (const request of open) fail(request, new PlannerCancelled('the planner is closed'));
      await Promise.all(threads.map((thread) => thread.worker.terminate()));
    },
  };
}

function startWorker(): Worker {
  const here = import.meta.url;
  if (!here.endsWith('.ts')) return new Worker(new URL('./planning-worker.js', here));
  // Node 20 does not hand `--import tsx` down to its threads, so the thread registers the loader by itself.
  const loader = pathToFileURL(createRequire(here).resolve('tsx/esm/api')).href.replace(/\.cjs$/, '.mjs');
  const source = new URL('./worker.ts', here).href;
  const boot = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(source)}); })`;
  return new Worker(boot, { eval: true, execArgv: [] });
}
