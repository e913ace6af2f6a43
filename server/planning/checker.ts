import type {
  Job,
  Place,
  PlannerProblem,
  PlannerSolution,
  SolutionRoute,
  SolutionStep,
  Vehicle,
} from './problem.ts';

/**
 * Re-checks a solution against its problem from the JSON alone. Shares nothing with the search: no flat arrays, no
 * schedule of its own, only what the steps claim. Returns one sentence per broken rule; an empty list means sound.
 * Times are rounded to seconds in a solution, so a second per leg is tolerated where speed factors make fractions.
 */
export function checkSolution(problem: PlannerProblem, solution: PlannerSolution): string[] {
  const faults: string[] = [];
  checkEachJobOnce(problem, solution, faults);
  const seen = new Set<number>();
  for (const route of solution.routes) {
    const vehicle = problem.vehicles.find((one) => one.id === route.vehicle);
    if (!vehicle) {
      faults.push(`route of unknown vehicle ${route.vehicle}`);
      continue;
    }
    if (seen.has(vehicle.id)) faults.push(`vehicle ${vehicle.id} has two routes`);
    seen.add(vehicle.id);
    new RouteCheck(problem, vehicle, route, faults).run();
  }
  for (const vehicle of problem.vehicles) {
    if (vehicle.frozen > 0 && !seen.has(vehicle.id))
      faults.push(`vehicle ${vehicle.id} lost its frozen stops`);
  }
  checkSums(problem, solution, faults);
  return faults;
}

function checkEachJobOnce(problem: PlannerProblem, solution: PlannerSolution, faults: string[]): void {
  const count = new Map<number, number>();
  const note = (id: number) => count.set(id, (count.get(id) ?? 0) + 1);
  for (const route of solution.routes) {
    for (const step of route.steps) if (step.type === 'job') note(step.id as number);
  }
  for (const job of solution.unassigned) note(job.id);
  for (const job of problem.jobs) {
    if (count.get(job.id) !== 1) faults.push(`job ${job.id} occurs ${count.get(job.id) ?? 0} times`);
    count.delete(job.id);
  }
  for (const id of count.keys()) faults.push(`unknown job ${id} in the solution`);
}

function checkSums(problem: PlannerProblem, solution: PlannerSolution, faults: string[]): void {
  const { summary, routes } = solution;
  const same = (name: string, claimed: number, actual: number) => {
    if (Math.abs(claimed - actual) > 1e-6 * Math.max(1, Math.abs(actual))) {
      faults.push(`summary.${name} is ${claimed}, its parts make ${actual}`);
    }
  };
  const sum = (of: (route: SolutionRoute) => number) => routes.reduce((total, route) => total + of(route), 0);
  same(
    'cost',
    summary.cost,
    sum((route) => route.cost),
  );
  same('routes', summary.routes, routes.length);
  same('unassigned', summary.unassigned, solution.unassigned.length);
  same(
    'duration',
    summary.duration,
    sum((route) => route.duration),
  );
  same(
    'service',
    summary.service,
    sum((route) => route.service),
  );
  same(
    'setup',
    summary.setup,
    sum((route) => route.setup),
  );
  same(
    'waiting_time',
    summary.waiting_time,
    sum((route) => route.waiting_time),
  );
  same(
    'priority',
    summary.priority,
    sum((route) => route.priority),
  );

  const jobs = new Map(problem.jobs.map((job) => [job.id, job]));
  const home = new Map<number, number>();
  for (const vehicle of problem.vehicles) {
    for (const step of vehicle.steps ?? []) if (step.type === 'job') home.set(step.id as number, vehicle.id);
  }
  let late = 0;
  let moved = 0;
  let stability = 0;
  for (const route of routes) {
    const vehicle = problem.vehicles.find((one) => one.id === route.vehicle);
    const perSecond =
      vehicle && !problem.matrices[vehicle.profile]?.costs ? vehicle.costs.per_hour / 3600 : 1;
    for (const step of route.steps) {
      if (step.type !== 'job') continue;
      const job = jobs.get(step.id as number);
      if (job?.due !== undefined) {
        const seconds = Math.max(0, step.arrival + step.waiting_time - job.due);
        const { lateness } = problem.options;
        late +=
          seconds * (typeof lateness === 'number' ? lateness * job.priority : (lateness[job.priority] ?? 0));
      }
      const from = home.get(step.id as number);
      if (from !== undefined && from !== route.vehicle) {
        moved++;
        stability += problem.options.stability * perSecond;
      }
    }
  }
  const prizes = solution.unassigned.reduce((total, { id }) => total + (jobs.get(id)?.prize ?? 0), 0);
  same('moved', summary.moved, moved);
  same('stability_cost', summary.stability_cost, stability);
  same('prize_cost', summary.prize_cost, prizes);
  if (problem.vehicles.every((vehicle) => vehicle.speed_factor === 1)) {
    same('lateness_cost', summary.lateness_cost, late);
  }
  same(
    'objective',
    summary.objective,
    summary.cost +
      summary.lateness_cost +
      summary.overtime_cost +
      summary.stability_cost +
      summary.prize_cost,
  );
}

class RouteCheck {
  private readonly problem: PlannerProblem;
  private readonly vehicle: Vehicle;
  private readonly route: SolutionRoute;
  private readonly faults: string[];
  private readonly slackS: number;

  constructor(problem: PlannerProblem, vehicle: Vehicle, route: SolutionRoute, faults: string[]) {
    this.problem = problem;
    this.vehicle = vehicle;
    this.route = route;
    this.faults = faults;
    this.slackS = vehicle.speed_factor === 1 ? 0 : 2;
  }

  run(): void {
    this.checkShape();
    this.checkTravelAndTime();
    this.checkWindows();
    this.checkLoads();
    this.checkTrips();
    this.checkBreaks();
    this.checkLimits();
    this.checkFrozen();
  }

  private fault(text: string): void {
    this.faults.push(`vehicle ${this.vehicle.id}: ${text}`);
  }

  private get steps(): SolutionStep[] {
    return this.route.steps;
  }

  private job(step: SolutionStep): Job {
    return this.problem.jobs.find((job) => job.id === step.id) as Job;
  }

  private place(step: SolutionStep): Place | Job | undefined {
    if (step.type === 'job') return this.job(step);
    if (step.type === 'disposal') return this.problem.disposals.find((place) => place.id === step.id);
    if (step.type === 'reload') return this.problem.reloads.find((place) => place.id === step.id);
    return undefined;
  }

  private index(step: SolutionStep): number | undefined {
    if (step.type === 'start') return this.vehicle.start_index;
    if (step.type === 'end') return this.vehicle.end_index;
    return this.place(step)?.location_index;
  }

  private checkShape(): void {
    const types = this.steps.map((step) => step.type);
    const starts = this.vehicle.start_index !== undefined;
    const ends = this.vehicle.end_index !== undefined;
    if (starts !== (types[0] === 'start')) this.fault('start step');
    if (ends !== (types[types.length - 1] === 'end')) this.fault('end step');
    const inner = types.slice(starts ? 1 : 0, ends ? -1 : undefined);
    if (inner.includes('start') || inner.includes('end')) this.fault('start or end inside the route');
  }

  /** Between two places the clock must allow the drive and the breaks on the way. */
  private checkTravelAndTime(): void {
    const matrices = this.problem.matrices[this.vehicle.profile];
    if (!matrices?.durations) return this.fault('no matrix');
    let travelS = 0;
    let cost = this.vehicle.costs.fixed;
    let distanceM = 0;
    let from: SolutionStep | undefined;
    let clock = -Infinity;
    let pausesS = 0;
    let freeFrom = -Infinity;
    for (const step of this.steps) {
      if (step.type === 'break') {
        if (step.arrival + step.waiting_time < clock - this.slackS)
          this.fault(`break ${step.id} overlaps a stop`);
        pausesS += step.service;
        clock = step.arrival + step.waiting_time + step.service;
        continue;
      }
      if (from) {
        const a = this.index(from) as number;
        const b = this.index(step) as number;
        const legS = (matrices.durations[a]?.[b] as number) / this.vehicle.speed_factor;
        travelS += legS;
        const legM = matrices.distances?.[a]?.[b] ?? 0;
        distanceM += legM;
        cost += matrices.costs
          ? (matrices.costs[a]?.[b] as number)
          : (legS * this.vehicle.costs.per_hour) / 3600 + (legM * this.vehicle.costs.per_km) / 1000;
        if (step.arrival < freeFrom + legS + pausesS - this.slackS - 1e-6) {
          this.fault(`reaches ${step.type} ${step.id ?? ''} before it can`);
        }
        if (step.arrival < clock - this.slackS)
          this.fault(`reaches ${step.type} ${step.id ?? ''} during a break`);
        if (Math.abs(step.duration - travelS) > 1 + this.slackS)
          this.fault(`duration at ${step.type} ${step.id}`);
        const at = this.place(step);
        if (step.type === 'job') {
          const setup = a === b ? 0 : this.job(step).setup;
          if (step.setup !== Math.round(setup)) this.fault(`setup at job ${step.id}`);
        }
        if (at && step.service !== Math.round(at.service)) this.fault(`service at ${step.type} ${step.id}`);
      }
      if (step.type === 'job') {
        const taskS = this.job(step).service + (step.setup > 0 ? this.job(step).setup : 0);
        cost += (taskS * (this.vehicle.costs.per_task_hour ?? 0)) / 3600;
      }
      clock = step.arrival + step.waiting_time + step.setup + step.service;
      freeFrom = clock;
      pausesS = 0;
      from = step;
    }
    if (Math.abs(this.route.cost - cost) > 1 + this.slackS * this.steps.length) {
      this.fault(`costs ${cost}, claims ${this.route.cost}`);
    }
    if (this.route.distance !== undefined && Math.abs(this.route.distance - distanceM) > 1)
      this.fault('distance');
    const { max_travel_time: mostS, max_distance: mostM } = this.vehicle;
    if (this.isFree && mostS !== undefined && travelS > mostS + this.slackS * 10)
      this.fault('max_travel_time');
    if (this.isFree && mostM !== undefined && distanceM > mostM + 1e-6) this.fault('max_distance');
  }

  /**
   * Nothing frozen, and not a loaded truck on its way to empty: such a route may break a rule beforehand and has to
   * be driven all the same.
   */
  private get isFree(): boolean {
    const mustEmpty = this.vehicle.end_empty && (this.vehicle.load ?? []).some((amount) => amount > 0);
    return this.vehicle.frozen === 0 && (!mustEmpty || this.steps.some((step) => step.type === 'job'));
  }

  private checkWindows(): void {
    const [from, to] = this.vehicle.time_window ?? [0, Infinity];
    const first = this.steps[0];
    const last = this.steps[this.steps.length - 1];
    if (first && first.arrival < from) this.fault('starts before its shift');
    const over = this.vehicle.overtime?.max ?? 0;
    const ends = last && last.arrival + last.waiting_time + last.setup + last.service;
    if (ends !== undefined && this.isFree && ends > to + over) this.fault('ends after its shift');
    this.steps.forEach((step) => {
      const windows = this.place(step)?.time_windows;
      if (!windows) return;
      const start = step.arrival + step.waiting_time;
      const inside = windows.some(([a, b]) => start >= a && start <= b);
      const told = step.violations.some((violation) => violation.cause === 'delay');
      if (inside === told) this.fault(`window of ${step.type} ${step.id}: kept ${inside}, told late ${told}`);
      if (!inside && this.isFree) this.fault(`${step.type} ${step.id} outside its windows`);
    });
  }

  private checkLoads(): void {
    const { capacity } = this.vehicle;
    capacity.forEach((most, d) => {
      const aboard = this.vehicle.load?.[d] ?? 0;
      let collected = aboard;
      let goods = this.goodsFrom(0, d);
      let inherited = 0;
      let stops = this.vehicle.start_index === undefined ? 0 : -1;
      this.steps.forEach((step, i) => {
        if (step.type === 'job') {
          const job = this.job(step);
          goods -= job.delivery[d] as number;
          collected += job.pickup[d] as number;
        }
        if (step.type === 'disposal') collected = 0;
        if (step.type === 'reload') goods = this.goodsFrom(i + 1, d);
        const load = goods + collected;
        if (Math.abs(load - (step.load[d] as number)) > 1e-6)
          this.fault(`load at ${step.type} ${step.id ?? ''}`);
        if (step.type !== 'break') stops++;
        if (stops <= this.vehicle.frozen || (step.type === 'start' && goods === 0))
          inherited = Math.max(inherited, load);
        if (load > Math.max(most, inherited) + 1e-9)
          this.fault(`overloaded at ${step.type} ${step.id ?? ''}`);
      });
      if (this.vehicle.end_empty && collected > 0 && this.problem.disposals.length > 0)
        this.fault('ends loaded');
    });
  }

  private goodsFrom(position: number, d: number): number {
    let sum = 0;
    for (const step of this.steps.slice(position)) {
      if (step.type === 'reload') break;
      if (step.type === 'job') sum += this.job(step).delivery[d] as number;
    }
    return sum;
  }

  private checkTrips(): void {
    let leaves = this.steps[0]?.type === 'start' ? this.steps[0].arrival : -Infinity;
    this.steps.forEach((step, i) => {
      if (step.type === 'reload') {
        const next = this.steps[i + 1];
        const at = next && this.index(next);
        const matrix = this.problem.matrices[this.vehicle.profile]?.durations;
        const legS = at === undefined ? 0 : (matrix?.[this.index(step) as number]?.[at] as number);
        leaves = next ? next.arrival - legS / this.vehicle.speed_factor : Infinity;
      }
      if (step.type !== 'job' || leaves === -Infinity) return;
      const release = this.job(step).release;
      if (release !== undefined && leaves < release - 1e-6 - this.slackS) {
        this.fault(`job ${step.id} leaves at ${leaves}, is released at ${release}`);
      }
    });
  }

  private checkBreaks(): void {
    for (const pause of this.vehicle.breaks) {
      const taken = this.steps.filter((step) => step.type === 'break' && step.id === pause.id);
      if (taken.length !== 1) this.fault(`break ${pause.id} is taken ${taken.length} times`);
      for (const step of taken) {
        const start = step.arrival + step.waiting_time;
        const inside = pause.time_windows.some(([a, b]) => start >= a && start <= b);
        if (!inside && this.isFree) this.fault(`break ${pause.id} at ${start}, outside its windows`);
      }
    }
  }

  private checkLimits(): void {
    const jobs = this.steps.filter((step) => step.type === 'job');
    if (this.isFree && jobs.length > (this.vehicle.max_tasks ?? Infinity)) this.fault('max_tasks');
    jobs.forEach((step, i) => {
      const job = this.job(step);
      if (i < this.vehicle.frozen) return;
      if (!job.skills.every((skill) => this.vehicle.skills.includes(skill)))
        this.fault(`skills of job ${job.id}`);
      if (job.vehicle_id !== undefined && job.vehicle_id !== this.vehicle.id)
        this.fault(`pin of job ${job.id}`);
    });
  }

  private checkFrozen(): void {
    const wanted = (this.vehicle.steps ?? [])
      .filter((step) => step.type !== 'start' && step.type !== 'end')
      .slice(0, this.vehicle.frozen)
      .filter((step) => step.type !== 'break');
    const actual = this.steps.filter((step) => step.type !== 'start' && step.type !== 'break');
    wanted.forEach((step, i) => {
      if (actual[i]?.type !== step.type || actual[i]?.id !== step.id) this.fault(`frozen step ${i} changed`);
    });
  }
}
