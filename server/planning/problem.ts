/**
 * The planner's one language: VROOM's JSON (https://github.com/VROOM-Project/vroom, docs/API.md) with the
 * additions of this house. Seconds and metres throughout; times are whatever clock the caller uses.
 */
export type Window = [startS: number, endS: number];
export type LonLat = [lon: number, lat: number];
export type StepType = 'start' | 'job' | 'break' | 'disposal' | 'reload' | 'end';

/** A stop of a vehicle's present plan; `start` and `end` may be listed and are ignored. */
export interface PlannedStep {
  type: StepType;
  id?: number | undefined;
}

export interface Break {
  id: number;
  description?: string | undefined;
  time_windows: Window[];
  service: number;
}

export interface VehicleCosts {
  fixed: number;
  per_hour: number;
  /** For an hour of setup and service at jobs; nothing where it is left out. */
  per_task_hour?: number | undefined;
  per_km: number;
}

export interface Vehicle {
  id: number;
  description?: string | undefined;
  profile: string;
  start?: LonLat | undefined;
  end?: LonLat | undefined;
  start_index?: number | undefined;
  end_index?: number | undefined;
  capacity: number[];
  skills: number[];
  time_window?: Window | undefined;
  breaks: Break[];
  max_tasks?: number | undefined;
  max_travel_time?: number | undefined;
  max_distance?: number | undefined;
  speed_factor: number;
  costs: VehicleCosts;
  steps?: PlannedStep[] | undefined;
  /** The first n of `steps` (start and end not counted) stay as they are. */
  frozen: number;
  /** What is aboard at the start. */
  load?: number[] | undefined;
  /** Whatever was picked up is disposed of before the end. */
  end_empty: boolean;
  /** A shift may run over by `max` seconds at `per_hour` cost units an hour. */
  overtime?: { max: number; per_hour: number } | undefined;
}

export interface Job {
  id: number;
  description?: string | undefined;
  location?: LonLat | undefined;
  location_index?: number | undefined;
  setup: number;
  service: number;
  delivery: number[];
  pickup: number[];
  skills: number[];
  priority: number;
  time_windows?: Window[] | undefined;
  /** Cost of leaving the job, in cost units; without it VROOM's rule (priority, then number, then cost). */
  prize?: number | undefined;
  /** A trip leaves no earlier than the latest release aboard. */
  release?: number | undefined;
  /** Soft deadline for the start of service, priced by `options.lateness`. */
  due?: number | undefined;
  /** Only this vehicle may serve the job. */
  vehicle_id?: number | undefined;
}

export interface Place {
  id: number;
  description?: string | undefined;
  location?: LonLat | undefined;
  location_index?: number | undefined;
  service: number;
  time_windows?: Window[] | undefined;
}

export interface Matrices {
  durations?: number[][] | undefined;
  distances?: number[][] | undefined;
  costs?: number[][] | undefined;
}

export interface PlannerOptions {
  g: boolean;
  /** Price of a second late: times the job's priority, or looked up by priority. */
  lateness: number | Record<string, number>;
  /** Price, in seconds, of each stop moved off its vehicle in `steps`. */
  stability: number;
}

export interface PlannerProblem {
  vehicles: Vehicle[];
  jobs: Job[];
  disposals: Place[];
  reloads: Place[];
  matrices: Record<string, Matrices>;
  options: PlannerOptions;
}

export type ViolationCause =
  | 'lead_time'
  | 'delay'
  | 'load'
  | 'max_tasks'
  | 'skills'
  | 'missing_break'
  | 'max_travel_time'
  | 'max_distance'
  | 'release'
  | 'end_empty'
  | 'vehicle';

export interface Violation {
  cause: ViolationCause;
  duration?: number;
}

export interface SolutionStep {
  type: StepType;
  id?: number;
  description?: string;
  location?: LonLat;
  location_index?: number;
  arrival: number;
  /** Travel time since the start. */
  duration: number;
  /** Travel distance since the start, where the matrices hold distances. */
  distance?: number;
  setup: number;
  service: number;
  waiting_time: number;
  load: number[];
  /** Seconds past `due`, where there is one. */
  lateness?: number;
  violations: Violation[];
}

export interface SolutionRoute {
  vehicle: number;
  description?: string;
  cost: number;
  delivery: number[];
  pickup: number[];
  amount: number[];
  setup: number;
  service: number;
  duration: number;
  waiting_time: number;
  priority: number;
  distance?: number;
  lateness: number;
  overtime: number;
  /** The line driven, as an encoded polyline, where `options.g` asks for it. */
  geometry?: string;
  steps: SolutionStep[];
  violations: Violation[];
}

export interface UnassignedJob {
  id: number;
  type: 'job';
  description?: string;
  location?: LonLat;
  location_index?: number;
}

export interface SolutionSummary {
  /** VROOM's cost: travel, tasks and fixed. */
  cost: number;
  routes: number;
  unassigned: number;
  delivery: number[];
  pickup: number[];
  amount: number[];
  setup: number;
  service: number;
  duration: number;
  waiting_time: number;
  priority: number;
  distance?: number;
  violations: Violation[];
  /** Seconds past `due`, over all jobs, and what they cost. */
  lateness: number;
  lateness_cost: number;
  overtime: number;
  overtime_cost: number;
  /** Stops that left their vehicle in `steps`, and what that cost. */
  moved: number;
  stability_cost: number;
  /** Prizes of jobs left out (jobs without a prize count nothing here). */
  prize_cost: number;
  /** cost + lateness_cost + overtime_cost + stability_cost + prize_cost. */
  objective: number;
  computing_times: { loading: number; solving: number; routing: number; iterations?: number };
}

export interface PlannerSolution {
  code: 0;
  summary: SolutionSummary;
  unassigned: UnassignedJob[];
  routes: SolutionRoute[];
}

/** One stop of a sequence handed to `evaluate`; breaks left out are placed where they delay least. */
export interface SequenceStep {
  type: 'job' | 'disposal' | 'reload' | 'break';
  id: number;
}

/** Vehicle id → its stops in order. */
export type Sequences = Map<number, SequenceStep[]>;

/** The price of a moved stop that the product proposes unless the supervisor's slider says otherwise. */
export const DEFAULT_STABILITY_S = 120;

/** The sequences of a solution, without its breaks: the planner places those itself. */
export function sequencesOf(solution: PlannerSolution): Sequences {
  const sequences: Sequences = new Map();
  for (const route of solution.routes) {
    const steps: SequenceStep[] = [];
    for (const step of route.steps) {
      if (step.type === 'start' || step.type === 'end' || step.type === 'break') continue;
      steps.push({ type: step.type, id: step.id as number });
    }
    sequences.set(route.vehicle, steps);
  }
  return sequences;
}
