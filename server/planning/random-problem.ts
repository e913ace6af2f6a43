import { Random } from './random.ts';

/** Which rules a made-up problem has. */
export interface ProblemTraits {
  jobs: number;
  vehicles: number;
  seed: number;
  dims: number;
  windows: boolean;
  severalWindows: boolean;
  due: boolean;
  release: boolean;
  disposals: boolean;
  reloads: boolean;
  breaks: boolean;
  setup: boolean;
  skills: boolean;
  pins: boolean;
  prizes: boolean;
  steps: boolean;
  frozen: boolean;
  aboard: boolean;
  openEnds: boolean;
  speeds: boolean;
  limits: boolean;
  overtime: boolean;
  mixed: boolean;
  asymmetric: boolean;
  distances: boolean;
}

/** Traits of a problem of capacities and travel alone. */
export function plainTraits(jobs: number, vehicles: number, seed: number): ProblemTraits {
  return {
    jobs,
    vehicles,
    seed,
    dims: 1,
    windows: false,
    severalWindows: false,
    due: false,
    release: false,
    disposals: false,
    reloads: false,
    breaks: false,
    setup: false,
    skills: false,
    pins: false,
    prizes: false,
    steps: false,
    frozen: false,
    aboard: false,
    openEnds: false,
    speeds: false,
    limits: false,
    overtime: false,
    mixed: false,
    asymmetric: false,
    distances: false,
  };
}

/** A made-up problem as VROOM JSON, for property tests and benches; the same traits give the same problem. */
export function randomProblem(traits: ProblemTraits): Record<string, unknown> {
  const random = new Random(traits.seed);
  const { jobs, vehicles, dims } = traits;
  const size = jobs + 5;
  const points = Array.from({ length: size }, () => [random.below(1000), random.below(1000)] as const);
  const durations = points.map(([ax, ay]) =>
    points.map(([bx, by]) => {
      const straight = Math.hypot(ax - bx, ay - by);
      return Math.round(traits.asymmetric ? straight * (1 + 0.3 * random.unit()) : straight);
    }),
  );
  const distances = durations.map((row) => row.map((seconds) => Math.round(seconds * 8)));
  const horizon = 8000;
  const amounts = (most: number) => Array.from({ length: dims }, () => random.below(most + 1));
  const steps = dealSteps(traits, random);

  const jobList = Array.from({ length: jobs }, (_, j) => {
    const opens = random.below(horizon - 2000);
    const collects = traits.disposals || (traits.mixed && random.unit() < 0.5);
    return {
      id: j + 1,
      location_index: j + 5,
      service: random.below(200),
      ...(collects ? { pickup: amounts(8) } : { delivery: amounts(8) }),
      ...(traits.mixed && random.unit() < 0.3 && { pickup: amounts(5), delivery: amounts(5) }),
      priority: random.below(6),
      ...(traits.setup && { setup: random.below(120) }),
      ...(traits.windows &&
        random.unit() < 0.6 && {
          time_windows: traits.severalWindows
            ? [
                [opens, opens + 600],
                [opens + 1200, opens + 2000],
              ]
            : [[opens, opens + 500 + random.below(3000)]],
        }),
      ...(traits.due && random.unit() < 0.7 && { due: random.below(horizon) }),
      ...(traits.release && random.unit() < 0.4 && { release: random.below(3000) }),
      ...(traits.skills && random.unit() < 0.3 && { skills: [random.below(3)] }),
      ...(traits.pins && random.unit() < 0.1 && { vehicle_id: 1 + random.below(vehicles) }),
      ...(traits.prizes && random.unit() < 0.5 && { prize: random.below(1500) }),
    };
  });

  const vehicleList = Array.from({ length: vehicles }, (_, v) => {
    const at = random.below(5);
    const lunch = 2000 + random.below(2000);
    return {
      id: v + 1,
      ...(!(traits.openEnds && v % 3 === 1) && { start_index: at }),
      ...(!(traits.openEnds && v % 3 === 2) && { end_index: at }),
      capacity: Array.from({ length: dims }, () => 20 + random.below(20)),
      time_window: [random.below(500), horizon - random.below(2000)],
      ...(traits.skills && { skills: [0, 1, 2].filter(() => random.unit() < 0.6) }),
      ...(traits.breaks && {
        breaks: [
          { id: 1, time_windows: [[lunch, lunch + 1500]], service: 600 },
          ...(v % 2 === 0 ? [{ id: 2, time_windows: [[5000, 6500]], service: 200 }] : []),
        ],
      }),
      ...(traits.disposals && { end_empty: v % 3 !== 2 }),
      ...(traits.aboard && traits.disposals && v % 2 === 0 && { load: amounts(25) }),
      ...(traits.speeds && { speed_factor: [0.8, 1, 1.3][v % 3] }),
      ...(traits.limits && v % 2 === 0 && { max_tasks: 3 + random.below(6), max_travel_time: 2500 }),
      ...(traits.limits && traits.distances && v % 2 === 1 && { max_distance: 20_000 }),
      ...(traits.overtime && { overtime: { max: 1500, per_hour: 5400 } }),
      costs: { fixed: v % 2 === 0 ? 500 : 0, per_hour: 3600, per_km: traits.distances ? 20 : 0 },
      ...(traits.steps && { steps: steps[v] }),
      ...(traits.steps && traits.frozen && { frozen: Math.min(v % 3, steps[v]?.length ?? 0) }),
    };
  });

  return {
    vehicles: vehicleList,
    jobs: jobList,
    ...(traits.disposals && {
      disposals: [
        { id: 1, location_index: 0, service: 150, time_windows: [[0, horizon]] },
        { id: 2, location_index: 1, service: 100, time_windows: [[1000, 6000]] },
      ],
    }),
    ...(traits.reloads && { reloads: [{ id: 1, location_index: 2, service: 120 }] }),
    matrices: { car: { durations, ...(traits.distances && { distances }) } },
    options: { lateness: 0.5, stability: traits.steps ? 100 : 0 },
  };
}

function dealSteps(traits: ProblemTraits, random: Random): { type: string; id: number }[][] {
  const steps: { type: string; id: number }[][] = Array.from({ length: traits.vehicles }, () => []);
  for (let j = 0; j < traits.jobs; j++) {
    if (random.unit() < 0.2) continue;
    steps[random.below(traits.vehicles)]?.push({ type: 'job', id: j + 1 });
  }
  return steps;
}
