import { z } from 'zod';
import { PlannerInputError } from './errors.ts';
import type { Job, LonLat, Matrices, Place, PlannerProblem, Vehicle, Window } from './problem.ts';

/** Bounds on what is accepted: beyond them arithmetic would lose seconds, or memory run out. */
const MAX_SECONDS = 2 ** 40;
const MAX_AMOUNT = 2 ** 40;
const MAX_MATRIX_ENTRY = 2 ** 32 - 1;
const MAX_COST = 2 ** 45;
const MAX_LEG_COST = 2 ** 40;
/** VROOM keeps two digits of a speed factor, so anything smaller would be none. */
const MIN_SPEED_FACTOR = 0.01;
const MAX_JOBS = 10_000;
const MAX_VEHICLES = 2_000;

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const seconds = z.number().min(0).max(MAX_SECONDS);
const instant = z.number().min(-MAX_SECONDS).max(MAX_SECONDS);
const price = z.number().min(0).max(MAX_COST);
const amount = z.array(z.number().min(0).max(MAX_AMOUNT)).max(16);
const skills = z.array(z.number().int().min(0)).max(10_000);
const location = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);
const locationIndex = z.number().int().min(0);
const window = z
  .tuple([instant, instant])
  .refine(([from, to]) => from <= to, 'a window ends before it starts');
const windows = z.array(window).min(1, 'empty list of windows').max(1000);
const description = z.string().max(1000).optional();
const stepType = z.enum(['start', 'job', 'break', 'disposal', 'reload', 'end']);

const breakSchema = z.object({
  id,
  description,
  time_windows: windows.default([[-MAX_SECONDS, MAX_SECONDS]]),
  service: seconds.default(0),
  max_load: z.never('max_load of a break is not supported').optional(),
});

const vehicleSchema = z.object({
  id,
  description,
  profile: z.string().max(100).default('car'),
  start: location.optional(),
  end: location.optional(),
  start_index: locationIndex.optional(),
  end_index: locationIndex.optional(),
  capacity: amount.optional(),
  skills: skills.default([]),
  time_window: window.optional(),
  breaks: z.array(breakSchema).max(8).default([]),
  max_tasks: z.number().int().min(0).optional(),
  max_travel_time: seconds.optional(),
  max_distance: z.number().min(0).max(MAX_SECONDS).optional(),
  speed_factor: z.number().min(MIN_SPEED_FACTOR).max(5).default(1),
  costs: z
    .object({
      fixed: price.default(0),
      per_hour: price.default(3600),
      per_task_hour: price.optional(),
      per_km: price.default(0),
    })
    .default({ fixed: 0, per_hour: 3600, per_km: 0 }),
  steps: z
    .array(z.object({ type: stepType, id: id.optional() }))
    .max(50_000)
    .optional(),
  frozen: z.number().int().min(0).default(0),
  load: amount.optional(),
  end_empty: z.boolean().default(false),
  overtime: z.object({ max: seconds, per_hour: price }).optional(),
});

const jobSchema = z.object({
  id,
  description,
  location: location.optional(),
  location_index: locationIndex.optional(),
  setup: seconds.default(0),
  service: seconds.default(0),
  setup_per_type: z.never('setup_per_type is not supported').optional(),
  service_per_type: z.never('service_per_type is not supported').optional(),
  delivery: amount.optional(),
  pickup: amount.optional(),
  amount: amount.optional(),
  skills: skills.default([]),
  priority: z.number().int().min(0).max(100).default(0),
  time_windows: windows.optional(),
  prize: price.optional(),
  release: instant.optional(),
  due: instant.optional(),
  vehicle_id: id.optional(),
});

const placeSchema = z.object({
  id,
  description,
  location: location.optional(),
  location_index: locationIndex.optional(),
  service: seconds.default(0),
  time_windows: windows.optional(),
});

const optionsSchema = z
  .object({
    g: z.boolean().default(false),
    lateness: z.union([price, z.record(z.string(), price)]).default(1),
    stability: seconds.default(0),
  })
  .default({ g: false, lateness: 1, stability: 0 });

const problemSchema = z.object({
  vehicles: z.array(vehicleSchema).min(1, 'at least one vehicle is needed').max(MAX_VEHICLES),
  jobs: z.array(jobSchema).max(MAX_JOBS),
  shipments: z.array(z.unknown()).max(0, 'shipments are not supported').optional(),
  disposals: z.array(placeSchema).max(100).default([]),
  reloads: z.array(placeSchema).max(100).default([]),
  options: optionsSchema,
});

/**
 * Reads VROOM's JSON with our additions; `input` is the parsed JSON value.
 * Throws PlannerInputError (code 2) naming the first field that is malformed, contradictory or too large.
 */
export function parseProblem(input: unknown): PlannerProblem {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new PlannerInputError('the problem is not a JSON object');
  }
  const parsed = problemSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PlannerInputError(`${issue?.path.join('.') || 'problem'}: ${issue?.message ?? 'invalid'}`);
  }
  const raw = parsed.data;
  const matrices = readMatrices(input as Record<string, unknown>);
  const size = amountSize(raw.vehicles, raw.jobs);

  const vehicles = raw.vehicles.map((vehicle): Vehicle => {
    const where = `vehicle ${vehicle.id}`;
    if (vehicle.start === undefined && vehicle.start_index === undefined && vehicle.end === undefined) {
      if (vehicle.end_index === undefined) throw new PlannerInputError(`${where}: neither start nor end`);
    }
    checkDuplicates(`${where}: break`, vehicle.breaks);
    return {
      ...vehicle,
      capacity: sized(vehicle.capacity, size, `${where}: capacity`),
      load: vehicle.load && sized(vehicle.load, size, `${where}: load`),
      breaks: vehicle.breaks
        .map((pause) => ({
          ...pause,
          time_windows: sorted(pause.time_windows, `${where}: break ${pause.id}`) as Window[],
        }))
        .sort(byWindows),
    };
  });
  const jobs = raw.jobs.map(({ amount: legacyAmount, ...job }): Job => ({
    ...job,
    delivery: sized(job.delivery ?? legacyAmount, size, `job ${job.id}: delivery`),
    pickup: sized(job.pickup, size, `job ${job.id}: pickup`),
    time_windows: sorted(job.time_windows, `job ${job.id}`),
  }));
  const place =
    (kind: string) =>
    (at: z.infer<typeof placeSchema>): Place => ({
      ...at,
      time_windows: sorted(at.time_windows, `${kind} ${at.id}`),
    });

  const problem: PlannerProblem = {
    vehicles,
    jobs,
    disposals: raw.disposals.map(place('disposal')),
    reloads: raw.reloads.map(place('reload')),
    matrices,
    options: raw.options,
  };
  checkDuplicates('vehicle', problem.vehicles);
  checkDuplicates('job', problem.jobs);
  checkDuplicates('disposal', problem.disposals);
  checkDuplicates('reload', problem.reloads);
  checkReferences(problem);
  if (needsMatrices(problem)) checkCoordinates(problem);
  else checkIndices(problem);
  return problem;
}

/** True when places are coordinates only, so that a router has to give the travel times. */
export function needsMatrices(problem: PlannerProblem): boolean {
  return Object.keys(problem.matrices).length === 0;
}

/** Travel times (s) and distances (m) between all pairs of coordinates; null where there is no way. */
export type MatrixSource = (
  profile: string,
  coordinates: LonLat[],
) => Promise<{ durations: (number | null)[][]; distances?: (number | null)[][] | undefined }>;

/**
 * Gives a problem stated in coordinates its matrices, one call of `source` per profile.
 * Throws PlannerInputError code 3 when a pair of places has no way between them.
 */
export async function attachMatrices(problem: PlannerProblem, source: MatrixSource): Promise<PlannerProblem> {
  const coordinates: LonLat[] = [];
  const indexOf = new Map<string, number>();
  const indexed = (at: LonLat | undefined): number | undefined => {
    if (!at) return undefined;
    const key = `${at[0]},${at[1]}`;
    let index = indexOf.get(key);
    if (index === undefined) {
      index = coordinates.push(at) - 1;
      indexOf.set(key, index);
    }
    return index;
  };
  const located = <T extends { location?: LonLat | undefined }>(all: T[]): T[] =>
    all.map((item) => ({ ...item, location_index: indexed(item.location) }));

  const vehicles = problem.vehicles.map((vehicle) => ({
    ...vehicle,
    start_index: indexed(vehicle.start),
    end_index: indexed(vehicle.end),
  }));
  const jobs = located(problem.jobs);
  const disposals = located(problem.disposals);
  const reloads = located(problem.reloads);

  const matrices: Record<string, Matrices> = {};
  for (const profile of new Set(vehicles.map((vehicle) => vehicle.profile))) {
    const table = await source(profile, coordinates);
    matrices[profile] = {
      durations: connected(table.durations, coordinates),
      ...(table.distances && { distances: connected(table.distances, coordinates) }),
    };
  }
  return { ...problem, vehicles, jobs, disposals, reloads, matrices };
}

function connected(table: (number | null)[][], coordinates: LonLat[]): number[][] {
  table.forEach((row, from) =>
    row.forEach((entry, to) => {
      if (entry === null || !Number.isFinite(entry)) {
        throw new PlannerInputError(`no way from [${coordinates[from]}] to [${coordinates[to]}]`, 3);
      }
    }),
  );
  return table as number[][];
}

function readMatrices(input: Record<string, unknown>): Record<string, Matrices> {
  const matrices: Record<string, Matrices> = {};
  if (input['matrix'] !== undefined) matrices['car'] = { durations: readMatrix(input['matrix'], 'matrix') };
  const given = input['matrices'];
  if (given === undefined) return matrices;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new PlannerInputError('matrices: not an object by profile');
  }
  for (const [profile, value] of Object.entries(given as Record<string, unknown>)) {
    if (typeof value !== 'object' || value === null)
      throw new PlannerInputError(`matrices.${profile}: invalid`);
    const read: Matrices = {};
    for (const kind of ['durations', 'distances', 'costs'] as const) {
      const matrix = (value as Record<string, unknown>)[kind];
      if (matrix !== undefined) read[kind] = readMatrix(matrix, `matrices.${profile}.${kind}`);
    }
    const sizes = new Set(Object.values(read).map((matrix) => (matrix as number[][]).length));
    if (sizes.size > 1) throw new PlannerInputError(`matrices.${profile}: sizes differ`);
    if (!read.durations) throw new PlannerInputError(`matrices.${profile}: durations are missing`);
    matrices[profile] = read;
  }
  return matrices;
}

function readMatrix(value: unknown, where: string): number[][] {
  if (!Array.isArray(value) || value.length === 0) throw new PlannerInputError(`${where}: not a matrix`);
  const size = value.length;
  for (const row of value as unknown[]) {
    if (!Array.isArray(row) || row.length !== size) throw new PlannerInputError(`${where}: not square`);
    for (const entry of row as unknown[]) {
      if (typeof entry !== 'number' || !(entry >= 0 && entry <= MAX_MATRIX_ENTRY)) {
        throw new PlannerInputError(`${where}: entry ${inWords(entry)} is not a duration`);
      }
    }
  }
  return value as number[][];
}

/** A value for a message: one that is itself a structure may be large or deep. */
function inWords(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[…]' : '{…}';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function amountSize(
  vehicles: { capacity?: number[] | undefined }[],
  jobs: { delivery?: number[] | undefined; pickup?: number[] | undefined; amount?: number[] | undefined }[],
): number {
  const capacity = vehicles.find((vehicle) => vehicle.capacity)?.capacity;
  if (capacity) return capacity.length;
  const amounts = jobs.find((job) => (job.delivery ?? job.pickup ?? job.amount ?? []).length > 0);
  if (amounts) throw new PlannerInputError('jobs have amounts but no vehicle has a capacity');
  return 0;
}

function sized(amounts: number[] | undefined, size: number, where: string): number[] {
  if (amounts === undefined || (amounts.length === 0 && size > 0)) return new Array<number>(size).fill(0);
  if (amounts.length !== size) {
    throw new PlannerInputError(`${where}: ${amounts.length} amounts where ${size} are expected`);
  }
  return amounts;
}

function sorted(given: Window[] | undefined, where: string): Window[] | undefined {
  if (!given) return undefined;
  const ordered = [...given].sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < ordered.length; i++) {
    if ((ordered[i] as Window)[0] <= (ordered[i - 1] as Window)[1]) {
      throw new PlannerInputError(`${where}: overlapping time windows`);
    }
  }
  return ordered;
}

/** Pauses are taken in this order, as in VROOM: by when they may begin, then by when they must have begun. */
function byWindows(a: { time_windows: Window[] }, b: { time_windows: Window[] }): number {
  const opens = (a.time_windows[0] as Window)[0] - (b.time_windows[0] as Window)[0];
  return opens || (a.time_windows.at(-1) as Window)[1] - (b.time_windows.at(-1) as Window)[1];
}

function checkDuplicates(kind: string, all: { id: number }[]): void {
  const seen = new Set<number>();
  for (const { id: one } of all) {
    if (seen.has(one)) throw new PlannerInputError(`${kind} id ${one} is given twice`);
    seen.add(one);
  }
}

function checkReferences(problem: PlannerProblem): void {
  const vehicles = new Set(problem.vehicles.map((vehicle) => vehicle.id));
  for (const job of problem.jobs) {
    if (job.vehicle_id !== undefined && !vehicles.has(job.vehicle_id)) {
      throw new PlannerInputError(`job ${job.id}: unknown vehicle ${job.vehicle_id}`);
    }
  }
  const known = {
    job: new Set(problem.jobs.map((job) => job.id)),
    disposal: new Set(problem.disposals.map((place) => place.id)),
    reload: new Set(problem.reloads.map((place) => place.id)),
  };
  const planned = new Set<number>();
  for (const vehicle of problem.vehicles) {
    const steps = (vehicle.steps ?? []).filter((step) => step.type !== 'start' && step.type !== 'end');
    if (vehicle.frozen > steps.length) {
      throw new PlannerInputError(`vehicle ${vehicle.id}: frozen exceeds its steps`);
    }
    for (const step of steps) {
      const where = `vehicle ${vehicle.id}: step ${step.type} ${step.id ?? ''}`;
      if (step.type === 'break') {
        if (!vehicle.breaks.some((pause) => pause.id === step.id))
          throw new PlannerInputError(`${where}: unknown`);
        continue;
      }
      const ids = known[step.type as 'job' | 'disposal' | 'reload'];
      if (step.id === undefined || !ids.has(step.id)) throw new PlannerInputError(`${where}: unknown`);
      if (step.type !== 'job') continue;
      if (planned.has(step.id)) throw new PlannerInputError(`${where}: planned twice`);
      planned.add(step.id);
    }
  }
}

function checkCoordinates(problem: PlannerProblem): void {
  for (const vehicle of problem.vehicles) {
    const index =
      vehicle.start === undefined ? vehicle.start_index : vehicle.end === undefined && vehicle.end_index;
    if (typeof index === 'number')
      throw new PlannerInputError(`vehicle ${vehicle.id}: an index without matrices`);
  }
  const check = (kind: string, all: { id: number; location?: LonLat | undefined }[]) => {
    for (const item of all) {
      if (!item.location) throw new PlannerInputError(`${kind} ${item.id}: no location and no matrices`);
    }
  };
  check('job', problem.jobs);
  check('disposal', problem.disposals);
  check('reload', problem.reloads);
}

interface LargestEntries {
  durationS: number;
  distanceM: number;
}

function largestLegCost({ costs, speed_factor }: Vehicle, { durationS, distanceM }: LargestEntries): number {
  return (costs.per_hour / 3600) * (durationS / speed_factor) + (costs.per_km / 1000) * distanceM;
}

function checkIndices(problem: PlannerProblem): void {
  const largest = new Map<Matrices, LargestEntries>();
  const largestOf = (matrices: Matrices): LargestEntries => {
    let known = largest.get(matrices);
    if (known === undefined) {
      const most = (rows: number[][] = []) =>
        rows.reduce((max, row) => row.reduce((one, entry) => Math.max(one, entry), max), 0);
      known = { durationS: most(matrices.durations), distanceM: most(matrices.distances) };
      largest.set(matrices, known);
    }
    return known;
  };
  const sizes = new Map(
    Object.entries(problem.matrices).map(([name, m]) => [name, m.durations?.length ?? 0]),
  );
  let smallest = Infinity;
  for (const vehicle of problem.vehicles) {
    const size = sizes.get(vehicle.profile);
    if (size === undefined) {
      throw new PlannerInputError(`vehicle ${vehicle.id}: no matrix for profile "${vehicle.profile}"`);
    }
    smallest = Math.min(smallest, size);
    const matrices = problem.matrices[vehicle.profile];
    if (vehicle.costs.per_km > 0 && !matrices?.distances && !matrices?.costs) {
      throw new PlannerInputError(`vehicle ${vehicle.id}: costs.per_km without distances`);
    }
    if (vehicle.max_distance !== undefined && !matrices?.distances) {
      throw new PlannerInputError(`vehicle ${vehicle.id}: max_distance without distances`);
    }
    if (matrices && largestLegCost(vehicle, largestOf(matrices)) > MAX_LEG_COST) {
      throw new PlannerInputError(`vehicle ${vehicle.id}: a leg may cost more than 2^40`);
    }
    if (matrices?.costs && (vehicle.costs.per_hour !== 3600 || vehicle.costs.per_km !== 0)) {
      throw new PlannerInputError(`vehicle ${vehicle.id}: costs.per_hour or per_km beside a cost matrix`);
    }
    for (const [key, at] of [
      ['start', vehicle.start_index],
      ['end', vehicle.end_index],
    ] as const) {
      if (vehicle[key] !== undefined && at === undefined) {
        throw new PlannerInputError(`vehicle ${vehicle.id}: ${key}_index is missing`);
      }
      if (at !== undefined && at >= size) {
        throw new PlannerInputError(`vehicle ${vehicle.id}: ${key}_index ${at} is outside the matrix`);
      }
    }
  }
  const check = (kind: string, all: { id: number; location_index?: number | undefined }[]) => {
    for (const item of all) {
      const at = item.location_index;
      if (at === undefined) throw new PlannerInputError(`${kind} ${item.id}: location_index is missing`);
      if (at >= smallest)
        throw new PlannerInputError(`${kind} ${item.id}: location_index ${at} is outside the matrix`);
    }
  };
  check('job', problem.jobs);
  check('disposal', problem.disposals);
  check('reload', problem.reloads);
}
