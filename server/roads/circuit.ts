export interface CircuitOptions {
  now: () => number;
  /** One attempt may take this long. */
  timeoutMs: number;
  /** Attempts under way at once; further ones wait. */
  concurrency: number;
  /** Waiting beyond this is refused at once. */
  maxWaiting: number;
  /** Failures in a row that open the circuit. */
  failuresToOpen: number;
  /** How long an open circuit refuses before one call may try again. */
  retryAfterMs: number;
}

/** Why a call was not even tried, or did not succeed. */
export class CallFailed extends Error {}

class NoAnswer extends Error {}

/** How long the caller that happens to find out whether a service is back is kept waiting for it. */
const PROBE_PATIENCE_MS = 250;

/**
 * Calls to a service that may be out: bounded, timed out, tried twice, and refused for a while after repeated failure or
 * one silence, so that nobody waits for a dead router.
 */
export class Circuit {
  private readonly options: CircuitOptions;
  private failures = 0;
  private openedAtMs = -Infinity;
  private underWay = 0;
  private probing = false;
  private readonly queue: (() => void)[] = [];
  lastError = '';

  constructor(options: CircuitOptions) {
    this.options = options;
  }

  get isOpen(): boolean {
    return this.failures >= this.options.failuresToOpen;
  }

  async call<T>(attempt: () => Promise<T>): Promise<T> {
    if (this.isOpen) return this.probe(attempt);
    await this.slot();
    try {
      // It may have opened while this one waited for its turn.
      if (this.isOpen) throw new CallFailed(this.lastError);
      const result = await this.tried(attempt);
      this.failures = 0;
      return result;
    } catch (error) {
      if (error instanceof CallFailed) throw error;
      // Silence is dearer than a refusal: one is enough.
      this.failures = error instanceof NoAnswer ? this.options.failuresToOpen : this.failures + 1;
      throw this.failed(error);
    } finally {
      this.underWay--;
      this.queue.shift()?.();
    }
  }

  /**
   * The one call that finds out whether an open circuit can close; all others are refused at once. It waits for a
   * quick answer only: what comes later closes the circuit for the next.
   */
  private async probe<T>(attempt: () => Promise<T>): Promise<T> {
    const elapsed = this.options.now() - this.openedAtMs;
    // A clock that was set back must not keep the circuit open for ever.
    const due = elapsed >= this.options.retryAfterMs || elapsed < 0;
    if (!due || this.probing) throw new CallFailed(this.lastError);
    this.probing = true;
    const outcome = timed(attempt(), this.options.timeoutMs)
      .then(
        (result) => {
          this.failures = 0;
          return result;
        },
        (error: unknown) => {
          throw this.failed(error);
        },
      )
      .finally(() => (this.probing = false));
    // Whoever asked may have left before it is known.
    outcome.catch(() => undefined);
    try {
      return await timed(outcome, Math.min(PROBE_PATIENCE_MS, this.options.timeoutMs));
    } catch {
      throw new CallFailed(this.lastError);
    }
  }

  private failed(error: unknown): CallFailed {
    this.lastError = error instanceof Error ? error.message : String(error);
    if (this.isOpen) this.openedAtMs = this.options.now();
    return new CallFailed(this.lastError);
  }

  private async slot(): Promise<void> {
    while (this.underWay >= this.options.concurrency) {
      if (this.queue.length >= this.options.maxWaiting) throw new CallFailed('too many calls are waiting');
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
    this.underWay++;
  }

  /** An error is tried once more; silence is not, for it has cost enough. */
  private async tried<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await timed(attempt(), this.options.timeoutMs);
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      return timed(attempt(), this.options.timeoutMs);
    }
  }
}

async function timed<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
