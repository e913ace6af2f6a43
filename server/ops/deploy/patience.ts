/** What waiting is made of, so that a test waits in no time. */
export interface Waiting {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

/** Somebody asked the program to end while it waited. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Waits by the clock, until `interruption` says otherwise. */
export function clockWaiting(interruption: AbortSignal): Waiting {
  return {
    nowMs: () => performance.now(),
    sleep: (ms) =>
      new Promise((resolve, reject) => {
        const stop = () => {
          clearTimeout(timer);
          reject(new Interrupted('interrupted'));
        };
        const timer = setTimeout(() => {
          interruption.removeEventListener('abort', stop);
          resolve();
        }, ms);
        if (interruption.aborted) stop();
        else interruption.addEventListener('abort', stop, { once: true });
      }),
  };
}

export interface Pace {
  /** Between the first two looks, in milliseconds; each further pause is half as long again. */
  firstMs: number;
  longestMs: number;
  /** Give up after this long. */
  limitMs: number;
}

/**
 * Looks again and again, at growing distances, until `look` has an answer.
 * @returns the answer, or null when the limit was reached without one. The last look is made at the limit.
 */
export async function lookUntil<T>(
  waiting: Waiting,
  pace: Pace,
  look: () => Promise<T | null>,
): Promise<T | null> {
  const endMs = waiting.nowMs() + pace.limitMs;
  for (let pauseMs = pace.firstMs; ; pauseMs = Math.min(pauseMs * 1.5, pace.longestMs)) {
    const answer = await look();
    if (answer !== null) return answer;
    const leftMs = endMs - waiting.nowMs();
    if (leftMs <= 0) return null;
    await waiting.sleep(Math.min(pauseMs, leftMs));
  }
}
