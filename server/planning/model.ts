import { PlannerInputError } from './errors.ts';
import type { Job, Matrices, Place, PlannerProblem, Vehicle, Window } from './problem.ts';

/** Later than every instant, yet small enough that sums with it stay exact in a double. */
export const FOREVER = 2 ** 42;

/** Travel between all nodes for vehicles of one kind; row-major `[from * nodeCount + to]` and transposed. */
export interface Travel {
  cost: Float64Array;
  costTo: Float64Array;
  durationS: Float64Array;
  durationToS: Float64Array;
  distanceM: Float64Array | undefined;
}

/**
 * A problem as flat arrays. Nodes are numbered: jobs, disposals, reloads, then the places where vehicles
 * start and end, and last "nowhere", which is at no distance from anything (a missing start or end).
 */
export interface Model {
  problem: PlannerProblem;
  jobCount: number;
  disposalCount: number;
  /** Jobs, disposals and reloads: the nodes a route is made of. */
  stopCount: number;
  nodeCount: number;
  vehicleCount: number;
  /** Number of capacity dimensions. */
  dims: number;
  /** Index of each node in the matrices; -1 for nowhere. */
  location: Int32Array;
  serviceS: Float64Array;
  setupS: Float64Array;
  delivery: Float64Array;
  pickup: Float64Array;
  /** Windows of node x are windowStart/End[windowFrom[x] .. windowFrom[x + 1]). */
  windowFrom: Int32Array;
  windowStart: Float64Array;
  windowEnd: Float64Array;
  /** First start and last end of a node's windows, and whether there is more than one. */
  opensS: Float64Array;
  closesS: Float64Array;
  severalWindows: Uint8Array;
  dueS: Float64Array;
  latePrice: Float64Array;
  releaseS: Float64Array;
  /** How bad leaving a job out is, compared before any cost; 0 for a job with a prize. */
  missWeight: Float64Array;
  /** Cost of leaving a job out that has a prize; 0 for the others. */
  prize: Float64Array;
  /** True when the job may be left for a price; else leaving it is a failure. */
  optional: Uint8Array;
  travels: Travel[];
  travelOf: Int32Array;
  startNode: Int32Array;
  endNode: Int32Array;
  capacity: Float64Array;
  shiftStartS: Float64Array;
  /** Hard end, overtime included; and where overtime begins, with its price a second. */
  shiftEndS: Float64Array;
  overtimeFromS: Float64Array;
  overtimePrice: Float64Array;
  fixedCost: Float64Array;
  maxTasks: Float64Array;
  maxTravelS: Float64Array;
  maxDistanceM: Float64Array;
  initialLoad: Float64Array;
  hasInitialLoad: Uint8Array;
  endEmpty: Uint8Array;
  /** Vehicles with equal numbers are interchangeable while empty. */
  vehicleClass: Int32Array;
  classCount: number;
  breaks: VehicleBreak[][];
  maxBreaks: number;
  /** allowed[job * vehicleCount + vehicle]: skills and pins. */
  allowed: Uint8Array;
  /** The vehicle that has the job in `steps`, or -1, and what it costs to serve it elsewhere. */
  home: Int32Array;
  movePrice: Float64Array;
  /** `steps` of each vehicle as nodes (breaks left out), and how many of them are frozen. */
  planned: Int32Array[];
  frozen: Int32Array;
  frozenJob: Uint8Array;
  /** True when time constrains anything at all. */
  timed: boolean;
  /** True when insertion needs more than one capacity check and one window check. */
  general: boolean;
  /** True when lateness or overtime is priced. */
  softTime: boolean;
  hasRelease: boolean;
}

export interface VehicleBreak {
  id: number;
  description: string | undefined;
  serviceS: number;
  windows: Window[];
}

/**
 * Lays a problem out as flat arrays for the search.
 * Throws PlannerInputError when the problem has no matrices or indices.
 */
export function compile(problem: PlannerProblem): Model {
  const jobCount = problem.jobs.length;
  const disposalCount = problem.disposals.length;
  const stopCount = jobCount + disposalCount + problem.reloads.length;
  const vehicleCount = problem.vehicles.length;
  const dims = problem.vehicles[0]?.capacity.length ?? problem.jobs[0]?.pickup.length ?? 0;

  const terminals = new Map<number, number>();
  for (const vehicle of problem.vehicles) {
    for (const index of [vehicle.start_index, vehicle.end_index]) {
      if (index !== undefined && !terminals.has(index)) terminals.set(index, stopCount + terminals.size);
    }
  }
  const nowhere = stopCount + terminals.size;
  const nodeCount = nowhere + 1;

  const location = new Int32Array(nodeCount).fill(-1);
  const stops: (Place | Job)[] = [...problem.jobs, ...problem.disposals, ...problem.reloads];
  stops.forEach((stop, node) => {
    if (stop.location_index === undefined) throw new PlannerInputError('a stop has no location_index');
    location[node] = stop.location_index;
  });
  for (const [index, node] of terminals) location[node] = index;

  const travels: Travel[] = [];
  const travelKeys = new Map<string, number>();
  const travelOf = new Int32Array(vehicleCount);
  problem.vehicles.forEach((vehicle, v) => {
    const { per_hour, per_task_hour, per_km } = vehicle.costs;
    const key = `${vehicle.profile}|${vehicle.speed_factor}|${per_hour}|${per_task_hour ?? 0}|${per_km}`;
    let kind = travelKeys.get(key);
    if (kind === undefined) {
      const matrices = problem.matrices[vehicle.profile];
      if (!matrices) throw new PlannerInputError(`no matrix for profile "${vehicle.profile}"`);
      kind = travels.push(layTravel(matrices, vehicle, location, problem.jobs)) - 1;
      travelKeys.set(key, kind);
    }
    travelOf[v] = kind;
  });

  const windows = layWindows(stops, nodeCount);
  const jobs = layJobs(problem, dims, nodeCount);
  const fleet = layFleet(problem, dims, terminals, nowhere, travelOf);
  const plan = layPlan(problem);
  const penalties = layPenalties(problem);

  const softTime =
    problem.jobs.some((_, j) => (jobs.dueS[j] as number) < FOREVER && (jobs.latePrice[j] as number) > 0) ||
    problem.vehicles.some((vehicle) => vehicle.overtime !== undefined);
  const hasRelease = problem.jobs.some((job) => job.release !== undefined);
  const maxBreaks = Math.max(0, ...problem.vehicles.map((vehicle) => vehicle.breaks.length));
  const delivers = problem.jobs.some((job) => job.delivery.some((amount) => amount > 0));
  const collects = problem.jobs.some((job) => job.pickup.some((amount) => amount > 0));
  const general =
    softTime ||
    hasRelease ||
    maxBreaks > 0 ||
    stopCount > jobCount ||
    (delivers && collects) ||
    problem.jobs.some((job) => job.setup > 0) ||
    problem.vehicles.some(
      (vehicle) =>
        vehicle.frozen > 0 ||
        vehicle.end_empty ||
        (vehicle.load ?? []).some((amount) => amount > 0) ||
        vehicle.max_travel_time !== undefined ||
        vehicle.max_distance !== undefined,
    );
  const timed =
    general ||
    problem.jobs.some((job) => job.time_windows !== undefined) ||
    problem.vehicles.some((vehicle) => vehicle.time_window !== undefined);

  return {
    problem,
    jobCount,
    disposalCount,
    stopCount,
    nodeCount,
    vehicleCount,
    dims,
    location,
    ...windows,
    ...jobs,
    ...penalties,
    travels,
    travelOf,
    ...fleet,
    maxBreaks,
    allowed: layAllowed(problem),
    ...plan,
    timed,
    general,
    softTime,
    hasRelease,
  };
}

/** Times are kept to 1/1024 s, a binary fraction, so that sums are exact whatever their order. */
function binarySeconds(value: number): number {
  return Math.round(value * 1024) / 1024;
}

function layTravel(matrices: Matrices, vehicle: Vehicle, location: Int32Array, jobs: Job[]): Travel {
  const count = location.length;
  const durationS = new Float64Array(count * count);
  const cost = new Float64Array(count * count);
  const distanceM = matrices.distances && new Float64Array(count * count);
  const perSecond = vehicle.costs.per_hour / 3600;
  const perMetre = vehicle.costs.per_km / 1000;
  for (let a = 0; a < count; a++) {
    const from = location[a] as number;
    if (from < 0) continue;
    const durationRow = matrices.durations?.[from];
    const distanceRow = matrices.distances?.[from];
    const costRow = matrices.costs?.[from];
    if (!durationRow) throw new PlannerInputError(`location_index ${from} is outside the matrix`);
    for (let b = 0; b < count; b++) {
      const to = location[b] as number;
      if (to < 0) continue;
      const raw = durationRow[to];
      if (raw === undefined) throw new PlannerInputError(`location_index ${to} is outside the matrix`);
      const at = a * count + b;
      durationS[at] = binarySeconds(raw / vehicle.speed_factor);
      if (distanceM && distanceRow) distanceM[at] = distanceRow[to] as number;
      cost[at] = costRow
        ? (costRow[to] as number)
        : (durationS[at] as number) * perSecond + (distanceRow ? (distanceRow[to] as number) * perMetre : 0);
    }
  }
  addTaskCost(cost, vehicle, location, jobs);
  const sameCost = cost.every((value, at) => value === durationS[at]);
  const durationToS = transposed(durationS, count);
  const costTo = sameCost ? durationToS : transposed(cost, count);
  return { durationS, durationToS, cost: sameCost ? durationS : cost, costTo, distanceM };
}

/** What an hour of setup and service costs is paid on the way to the job, wherever the vehicle comes from. */
function addTaskCost(cost: Float64Array, vehicle: Vehicle, location: Int32Array, jobs: Job[]): void {
  const perSecond = (vehicle.costs.per_task_hour ?? 0) / 3600;
  if (perSecond === 0) return;
  const count = location.length;
  jobs.forEach(({ service, setup }, j) => {
    for (let a = 0; a < count; a++) {
      const taskS = binarySeconds(service) + (location[a] === location[j] ? 0 : binarySeconds(setup));
      cost[a * count + j] = (cost[a * count + j] as number) + taskS * perSecond;
    }
  });
}

/** The transposed matrix, or the matrix itself where it is symmetric. */
function transposed(matrix: Float64Array, count: number): Float64Array {
  const out = new Float64Array(matrix.length);
  let symmetric = true;
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) {
      const value = matrix[b * count + a] as number;
      out[a * count + b] = value;
      if (value !== matrix[a * count + b]) symmetric = false;
    }
  }
  return symmetric ? matrix : out;
}

function layWindows(stops: { time_windows?: Window[] | undefined }[], nodeCount: number) {
  const windowFrom = new Int32Array(nodeCount + 1);
  const starts: number[] = [];
  const ends: number[] = [];
  const opensS = new Float64Array(nodeCount);
  const closesS = new Float64Array(nodeCount);
  const severalWindows = new Uint8Array(nodeCount);
  for (let node = 0; node < nodeCount; node++) {
    const windows = stops[node]?.time_windows ?? ([[-FOREVER, FOREVER]] as Window[]);
    for (const [from, to] of windows) {
      starts.push(from);
      ends.push(to);
    }
    windowFrom[node + 1] = starts.length;
    opensS[node] = (windows[0] as Window)[0];
    closesS[node] = (windows[windows.length - 1] as Window)[1];
    severalWindows[node] = windows.length > 1 ? 1 : 0;
  }
  return {
    windowFrom,
    windowStart: Float64Array.from(starts),
    windowEnd: Float64Array.from(ends),
    opensS,
    closesS,
    severalWindows,
  };
}

function layJobs(problem: PlannerProblem, dims: number, nodeCount: number) {
  const serviceS = new Float64Array(nodeCount);
  const setupS = new Float64Array(nodeCount);
  const delivery = new Float64Array(nodeCount * dims);
  const pickup = new Float64Array(nodeCount * dims);
  const dueS = new Float64Array(nodeCount).fill(FOREVER);
  const latePrice = new Float64Array(nodeCount);
  const releaseS = new Float64Array(nodeCount).fill(-FOREVER);
  const { lateness } = problem.options;
  problem.jobs.forEach((job, j) => {
    serviceS[j] = binarySeconds(job.service);
    setupS[j] = binarySeconds(job.setup);
    delivery.set(job.delivery, j * dims);
    pickup.set(job.pickup, j * dims);
    if (job.due !== undefined) dueS[j] = job.due;
    latePrice[j] = latenessPrice(lateness, job.priority);
    if (job.release !== undefined) releaseS[j] = job.release;
  });
  [...problem.disposals, ...problem.reloads].forEach((place, i) => {
    serviceS[problem.jobs.length + i] = binarySeconds(place.service);
  });
  return { serviceS, setupS, delivery, pickup, dueS, latePrice, releaseS };
}

/** Price of one second late for a job of this priority. */
export function latenessPrice(lateness: number | Record<string, number>, priority: number): number {
  return typeof lateness === 'number' ? lateness * priority : (lateness[String(priority)] ?? 0);
}

function layFleet(
  problem: PlannerProblem,
  dims: number,
  terminals: Map<number, number>,
  nowhere: number,
  travelOf: Int32Array,
) {
  const { vehicles } = problem;
  const count = vehicles.length;
  const numbers = (of: (vehicle: Vehicle) => number) => Float64Array.from(vehicles, of);
  const terminal = (index: number | undefined) =>
    index === undefined ? nowhere : (terminals.get(index) as number);
  const capacity = new Float64Array(count * dims);
  const initialLoad = new Float64Array(count * dims);
  const classes = new Map<string, number>();
  const vehicleClass = new Int32Array(count);
  vehicles.forEach((vehicle, v) => {
    capacity.set(vehicle.capacity, v * dims);
    if (vehicle.load) initialLoad.set(vehicle.load, v * dims);
    const unlike = (vehicle.steps?.length ?? 0) > 0 ? vehicle.id : null;
    const pinned = problem.jobs.some((job) => job.vehicle_id === vehicle.id) ? vehicle.id : null;
    const { id: _id, description: _description, steps: _steps, ...traits } = vehicle;
    const key = JSON.stringify([unlike, pinned, travelOf[v], traits]);
    if (!classes.has(key)) classes.set(key, classes.size);
    vehicleClass[v] = classes.get(key) as number;
  });
  return {
    startNode: Int32Array.from(vehicles, (vehicle) => terminal(vehicle.start_index)),
    endNode: Int32Array.from(vehicles, (vehicle) => terminal(vehicle.end_index)),
    capacity,
    shiftStartS: numbers((vehicle) => vehicle.time_window?.[0] ?? 0),
    shiftEndS: numbers((vehicle) =>
      vehicle.time_window ? vehicle.time_window[1] + (vehicle.overtime?.max ?? 0) : FOREVER,
    ),
    overtimeFromS: numbers((vehicle) => vehicle.time_window?.[1] ?? FOREVER),
    overtimePrice: numbers((vehicle) => (vehicle.overtime ? vehicle.overtime.per_hour / 3600 : 0)),
    fixedCost: numbers((vehicle) => vehicle.costs.fixed),
    maxTasks: numbers((vehicle) => vehicle.max_tasks ?? FOREVER),
    maxTravelS: numbers((vehicle) => vehicle.max_travel_time ?? FOREVER),
    maxDistanceM: numbers((vehicle) => vehicle.max_distance ?? FOREVER),
    initialLoad,
    hasInitialLoad: Uint8Array.from(vehicles, (vehicle) => ((vehicle.load ?? []).some((x) => x > 0) ? 1 : 0)),
    endEmpty: Uint8Array.from(vehicles, (vehicle) => (vehicle.end_empty ? 1 : 0)),
    vehicleClass,
    classCount: classes.size,
    breaks: vehicles.map((vehicle) =>
      vehicle.breaks.map((pause) => ({
        id: pause.id,
        description: pause.description,
        serviceS: pause.service,
        windows: pause.time_windows,
      })),
    ),
  };
}

function layAllowed(problem: PlannerProblem): Uint8Array {
  const count = problem.vehicles.length;
  const allowed = new Uint8Array(problem.jobs.length * count);
  const skills = problem.vehicles.map((vehicle) => new Set(vehicle.skills));
  problem.jobs.forEach((job, j) => {
    problem.vehicles.forEach((vehicle, v) => {
      const pinnedElsewhere = job.vehicle_id !== undefined && job.vehicle_id !== vehicle.id;
      const skilled = job.skills.every((skill) => (skills[v] as Set<number>).has(skill));
      allowed[j * count + v] = skilled && !pinnedElsewhere ? 1 : 0;
    });
  });
  return allowed;
}

function layPlan(problem: PlannerProblem) {
  const nodeOf = nodeNumbers(problem);
  const home = new Int32Array(problem.jobs.length).fill(-1);
  const frozenJob = new Uint8Array(problem.jobs.length);
  const frozen = new Int32Array(problem.vehicles.length);
  const movePrice = new Float64Array(problem.vehicles.length);
  const planned = problem.vehicles.map((vehicle, v) => {
    const hasCosts = problem.matrices[vehicle.profile]?.costs !== undefined;
    movePrice[v] = problem.options.stability * (hasCosts ? 1 : vehicle.costs.per_hour / 3600);
    const nodes: number[] = [];
    let seen = 0;
    for (const step of vehicle.steps ?? []) {
      if (step.type === 'start' || step.type === 'end') continue;
      const isFrozen = seen++ < vehicle.frozen;
      if (step.type === 'break') continue;
      const node = nodeOf(step.type, step.id as number);
      nodes.push(node);
      if (isFrozen) frozen[v] = nodes.length;
      if (step.type !== 'job') continue;
      home[node] = v;
      if (isFrozen) frozenJob[node] = 1;
    }
    return Int32Array.from(nodes);
  });
  return { home, movePrice, planned, frozen, frozenJob };
}

/** Maps a step's type and id to its node; undefined ids never reach it. */
export function nodeNumbers(problem: PlannerProblem): (type: string, id: number) => number {
  const numbers = new Map<string, number>();
  problem.jobs.forEach((job, j) => numbers.set(`job ${job.id}`, j));
  problem.disposals.forEach((place, i) => numbers.set(`disposal ${place.id}`, problem.jobs.length + i));
  const reloadsFrom = problem.jobs.length + problem.disposals.length;
  problem.reloads.forEach((place, i) => numbers.set(`reload ${place.id}`, reloadsFrom + i));
  return (type, id) => {
    const node = numbers.get(`${type} ${id}`);
    if (node === undefined) throw new PlannerInputError(`unknown ${type} ${id}`);
    return node;
  };
}

/**
 * VROOM's order of goals: first the sum of priorities served, then the number of jobs, then cost. `missWeight`
 * holds the first two as one number, compared before any cost; a job with a prize weighs nothing and costs its prize.
 */
function layPenalties(problem: PlannerProblem) {
  const count = problem.jobs.length;
  return {
    missWeight: Float64Array.from(problem.jobs, (job) =>
      job.prize === undefined ? 1 + job.priority * (count + 1) : 0,
    ),
    prize: Float64Array.from(problem.jobs, (job) => job.prize ?? 0),
    optional: Uint8Array.from(problem.jobs, (job) => (job.prize === undefined ? 0 : 1)),
  };
}
