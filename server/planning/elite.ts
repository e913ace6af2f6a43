/** A plan set aside: the stops of each vehicle, and what it costs. */
export interface Kept {
  routes: Int32Array[];
  missing: number;
  cost: number;
}

/** The few best plans that differ, best first. */
export class Elite {
  readonly kept: Kept[] = [];
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  get best(): Kept {
    return this.kept[0] as Kept;
  }

  /** Keeps the plan unless it equals one at hand or is worse than all of a full set. */
  add(plan: Kept): void {
    const { kept, most } = this;
    let at = 0;
    while (at < kept.length && isCheaper(kept[at] as Kept, plan)) at++;
    const next = kept[at];
    if (next && next.missing === plan.missing && Math.abs(next.cost - plan.cost) < 1e-6) return;
    kept.splice(at, 0, plan);
    if (kept.length > most) kept.pop();
  }
}

function isCheaper(a: Kept, b: Kept): boolean {
  return a.missing < b.missing || (a.missing === b.missing && a.cost < b.cost - 1e-6);
}
