/** When a search stops: at whichever bound comes first. */
export interface Budget {
  iterations?: number | undefined;
  seconds?: number | undefined;
  /** Milliseconds of whatever clock bounds `seconds`. */
  now: () => number;
  signal?: { cancelled: boolean } | undefined;
}

/** The clock is read about this often: asking for the processor time of a process is a dear question on a busy machine. */
const LOOK_EVERY_MS = 4;
const LONGEST_UNSEEN = 1024;

/** Counts the rounds of a search and knows how much of its budget is spent, from 0 to 1. */
export class Pace {
  /** Rounds so far. */
  rounds = 0;
  spent = 0;
  private readonly budget: Budget;
  private readonly startedMs: number;
  private nextLook = 0;

  constructor(budget: Budget) {
    this.budget = budget;
    this.startedMs = budget.now();
  }

  /** Begins a round; false when the budget is spent or the search was cancelled. */
  next(): boolean {
    if (this.rounds >= this.nextLook) this.look();
    if (this.spent >= 1) return false;
    this.rounds++;
    return true;
  }

  /** Reads the clock. */
  look(): void {
    const { budget, rounds } = this;
    const { iterations = Infinity, seconds } = budget;
    this.spent = budget.signal?.cancelled ? 1 : rounds / iterations;
    let unseen = 64;
    if (seconds !== undefined) {
      const elapsedMs = budget.now() - this.startedMs;
      this.spent = Math.max(this.spent, elapsedMs / (1000 * seconds));
      const perRoundMs = elapsedMs / Math.max(1, rounds);
      unseen = Math.min(rounds + 1, LONGEST_UNSEEN, Math.floor(LOOK_EVERY_MS / (perRoundMs + 1e-6)));
    }
    this.nextLook = Math.min(rounds + Math.max(1, unseen), iterations);
  }
}
