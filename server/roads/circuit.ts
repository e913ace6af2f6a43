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

/**
 * Calls to a service that may be out: bounded, timed out, tried twice, and refused for a while after repeated failure
 * so that nobody waits for a dead router.
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
    const probe = this.admit();
    await this.slot();
    try {
      const result = await this.tried(attempt, probe ? 1 : 2);
      this.failures = 0;
      return result;
    } catch (error) {
      this.failures++;
      this.lastError = error instanceof Error ? error.message : String(error);
      if (this.isOpen) this.openedAtMs = this.options.now();
      throw new CallFailed(this.lastError);
    } finally {
      if (probe) this.probing = false;
      this.underWay--;
      this.queue.shift()?.();
    }
  }

  /** True when this call is the one that finds out whether an open circuit can close. */
  private admit(): boolean {
    if (!this.isOpen) return false;
    const elapsed = this.options.now() - this.openedAtMs;
    // A clock that was set back must not keep the circuit open for ever.
    const due = elapsed >= this.options.retryAfterMs || elapsed < 0;
    if (!due || this.probing) throw new CallFailed(this.lastError);
    this.probing = true;
    return true;
  }

  private async slot(): Promise<void> {
    while (this.underWay >= this.options.concurrency) {
      if (this.queue.length >= this.options.maxWaiting) throw new CallFailed('too many calls are waiting');
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
    this.underWay++;
  }

  private async tried<T>(attempt: () => Promise<T>, times: number): Promise<T> {
    for (let left = times; ; left--) {
      try {
        return await timed(attempt(), this.options.timeoutMs);
      } catch (error) {
        if (left <= 1) throw error;
      }
    }
  }
}

async function timed<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
