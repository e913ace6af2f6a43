import { describe, expect, it } from 'vitest';
import { PlannerInputError } from './errors.ts';
import { evaluate, solve } from './solve.ts';
import { attachMatrices, parseProblem } from './vroom-json.ts';

const matrix = [
  [0, 10, 20],
  [10, 0, 12],
  [20, 12, 0],
];
const base = () => ({
  vehicles: [{ id: 1, start_index: 0, end_index: 0 }] as Record<string, unknown>[],
  jobs: [
    { id: 1, location_index: 1 },
    { id: 2, location_index: 2 },
  ] as Record<string, unknown>[],
  matrix: matrix as unknown,
});
const problemWith = (change: (problem: ReturnType<typeof base> & Record<string, unknown>) => void) => {
  const problem = base() as ReturnType<typeof base> & Record<string, unknown>;
  change(problem);
  return problem;
};

describe('what is refused, with code 2', () => {
  const refused: [string, unknown, RegExp][] = [
    ['no object', [], /not a JSON object/],
    ['no vehicle', problemWith((p) => (p.vehicles = [])), /vehicle/],
    ['jobs missing', { vehicles: base().vehicles, matrix }, /jobs/],
    [
      'an index outside the matrix',
      problemWith((p) => (p.jobs[0]!['location_index'] = 3)),
      /outside the matrix/,
    ],
    [
      'a negative duration',
      problemWith(
        (p) =>
          (p.matrix = [
            [0, -1],
            [1, 0],
          ]),
      ),
      /-1 is not a duration/,
    ],
    [
      'a hole in the matrix',
      problemWith(
        (p) =>
          (p.matrix = [
            [0, null],
            [1, 0],
          ]),
      ),
      /null is not a duration/,
    ],
    ['a ragged matrix', problemWith((p) => (p.matrix = [[0, 1], [1]])), /not square/],
    [
      'a huge duration',
      problemWith(
        (p) =>
          (p.matrix = [
            [0, 1e20],
            [1, 0],
          ]),
      ),
      /not a duration/,
    ],
    ['two jobs of one id', problemWith((p) => (p.jobs[1]!['id'] = 1)), /given twice/],
    [
      'a window that ends before it starts',
      problemWith((p) => (p.jobs[0]!['time_windows'] = [[9, 3]])),
      /window/,
    ],
    [
      'overlapping windows',
      problemWith(
        (p) =>
          (p.jobs[0]!['time_windows'] = [
            [0, 5],
            [4, 9],
          ]),
      ),
      /overlapping/,
    ],
    ['amounts without capacity', problemWith((p) => (p.jobs[0]!['pickup'] = [1])), /capacity/],
    [
      'amounts of another size',
      problemWith((p) => {
        p.vehicles[0]!['capacity'] = [5];
        p.jobs[0]!['pickup'] = [1, 2];
      }),
      /2 amounts where 1/,
    ],
    ['a priority above 100', problemWith((p) => (p.jobs[0]!['priority'] = 101)), /priority/],
    ['an unknown step', problemWith((p) => (p.vehicles[0]!['steps'] = [{ type: 'job', id: 9 }])), /unknown/],
    ['frozen beyond the steps', problemWith((p) => (p.vehicles[0]!['frozen'] = 1)), /frozen/],
    [
      'a structure where a duration belongs',
      problemWith((p) => (p.matrix = [JSON.parse('['.repeat(50_000) + ']'.repeat(50_000))])),
      /entry \[…\] is not a duration/,
    ],
    [
      'a speed that lasts for ever',
      problemWith((p) => (p.vehicles[0]!['speed_factor'] = 1e-300)),
      /speed_factor/,
    ],
    [
      'a price at which a leg costs more than can be added up',
      problemWith((p) => {
        p.vehicles[0]!['costs'] = { per_hour: 2 ** 45 };
        p.matrix = matrix.map((row) => row.map((entry) => 1000 * entry));
      }),
      /a leg may cost more/,
    ],
    [
      'a service that depends on the vehicle',
      problemWith((p) => (p.jobs[0]!['service_per_type'] = { truck: 9 })),
      /service_per_type is not supported/,
    ],
    ['shipments', problemWith((p) => (p['shipments'] = [{}])), /shipments/],
    ['coordinates outside the world', problemWith((p) => (p.jobs[0]!['location'] = [200, 0])), /location/],
    [
      'a vehicle from nowhere to nowhere',
      problemWith((p) => (p.vehicles[0] = { id: 1 })),
      /neither start nor end/,
    ],
  ];
  it.each(refused)('%s', (_name, input, message) => {
    expect(() => parseProblem(input)).toThrow(PlannerInputError);
    expect(() => parseProblem(input)).toThrow(message);
  });
});

describe('VROOM’s own rules', () => {
  it('reads `amount` as a delivery and starts a route as late as its first wait allows', () => {
    const problem = parseProblem({
      vehicles: [{ id: 4, start_index: 0, end_index: 0, capacity: [3] }],
      jobs: [{ id: 7, location_index: 1, amount: [2], time_windows: [[100, 200]], service: 30 }],
      matrix,
    });
    const [route] = solve(problem, { iterations: 5, seed: 1, now: () => 0 }).routes;
    expect(route?.steps.map((step) => [step.type, step.arrival, step.load[0], step.waiting_time])).toEqual([
      ['start', 90, 2, 0],
      ['job', 100, 0, 0],
      ['end', 140, 0, 0],
    ]);
  });

  it('takes a job of higher priority before two of lower', () => {
    const problem = parseProblem({
      vehicles: [{ id: 1, start_index: 0, capacity: [2] }],
      jobs: [
        { id: 1, location_index: 1, delivery: [1], priority: 1 },
        { id: 2, location_index: 1, delivery: [1], priority: 1 },
        { id: 3, location_index: 2, delivery: [2], priority: 3 },
      ],
      matrix,
    });
    const solution = solve(problem, { iterations: 50, seed: 1, now: () => 0 });
    expect(solution.unassigned.map((job) => job.id)).toEqual([1, 2]);
  });

  it('leaves a job whose prize is below its detour', () => {
    const solution = solve(parseProblem(problemWith((p) => (p.jobs[1]!['prize'] = 15))), {
      iterations: 50,
      seed: 1,
      now: () => 0,
    });
    expect(solution.unassigned.map((job) => job.id)).toEqual([2]);
    expect(solution.summary.objective).toBe(20 + 15);
  });

  it('divides durations by the speed factor', () => {
    const problem = parseProblem(problemWith((p) => (p.vehicles[0]!['speed_factor'] = 2)));
    const solution = evaluate(problem, new Map([[1, [{ type: 'job', id: 1 }]]]));
    expect(solution.summary.duration).toBe(10);
  });
});

describe('what others read off a solution', () => {
  const solved = (change: Parameters<typeof problemWith>[0]) =>
    solve(parseProblem(problemWith(change)), { iterations: 60, seed: 1, now: () => 0 });

  it('counts no drive from a place to itself, whatever the matrix has on its diagonal', () => {
    const { summary, routes } = solved((p) => {
      p.matrix = matrix.map((row, i) => row.map((entry, j) => (i === j ? 9999 : entry)));
    });
    expect(summary).toMatchObject({ cost: 42, duration: 42 });
    expect(routes[0]?.steps[0]?.duration).toBe(0);
  });

  it('pays for hours of setup and service where they cost', () => {
    const { summary } = solved((p) => {
      p.vehicles[0]!['costs'] = { per_task_hour: 7200 };
      Object.assign(p.jobs[0]!, { setup: 5, service: 20 });
    });
    expect(summary.cost).toBe(42 + 2 * 25);
  });

  it('takes a break at any time where none is said', () => {
    const { routes } = solved((p) => (p.vehicles[0]!['breaks'] = [{ id: 7, service: 30 }]));
    expect(routes[0]?.steps.filter((step) => step.type === 'break')).toHaveLength(1);
    expect(routes[0]?.steps.at(-1)?.arrival).toBe(72);
  });

  it('starts within the windows also where instants are rounded', () => {
    const { routes } = solved((p) => {
      Object.assign(p.vehicles[0]!, { speed_factor: 4, time_window: [0, 1000], breaks: [] });
      p.jobs = [
        { id: 1, location_index: 1, time_windows: [[0, 0]] },
        { id: 2, location_index: 2, time_windows: [[6, 6]] },
      ];
      p.matrix = [
        [0, 0, 20],
        [0, 0, 18],
        [20, 12, 0],
      ];
    });
    const step = routes[0]?.steps.find((one) => one.id === 2);
    expect([step?.arrival, step?.waiting_time]).toEqual([5, 1]);
  });

  it('waits for a release before it loads, and leaves no second unaccounted', () => {
    const { routes } = solved((p) => {
      p.vehicles[0]!['capacity'] = [1];
      p['reloads'] = [{ id: 1, location_index: 0, service: 30 }];
      Object.assign(p.jobs[0]!, { delivery: [1], time_windows: [[0, 50]] });
      Object.assign(p.jobs[1]!, { delivery: [1], release: 400 });
    });
    const [first, , reload] = routes[0]!.steps;
    expect([first?.arrival, reload?.arrival, reload?.waiting_time]).toEqual([40, 60, 310]);
    const { duration, service, waiting_time, steps } = routes[0]!;
    expect(steps.at(-1)!.arrival - steps[0]!.arrival).toBe(duration + service + waiting_time);
  });

  it('does not keep a plan it is given where that overloads a vehicle', () => {
    const steps = [
      { type: 'job', id: 1 },
      { type: 'job', id: 2 },
    ];
    const overloaded = solved((p) => {
      Object.assign(p.vehicles[0]!, { capacity: [1], steps });
      for (const job of p.jobs) job['pickup'] = [1];
    });
    expect(overloaded.summary.unassigned).toBe(1);
    const toomany = solved((p) => Object.assign(p.vehicles[0]!, { max_tasks: 1, steps }));
    expect(toomany.summary.unassigned).toBe(1);
  });

  it('adds fractions of an amount up to what they are', () => {
    const { routes } = solved((p) => {
      p.vehicles[0]!['capacity'] = [0.3];
      for (const [i, job] of p.jobs.entries()) job['pickup'] = [i === 0 ? 0.1 : 0.2];
    });
    expect(routes[0]?.steps.map((step) => step.violations)).toEqual(routes[0]?.steps.map(() => []));
  });
});

describe('coordinates', () => {
  const placed = parseProblem({
    vehicles: [{ id: 1, start: [-78.6, -0.9], end: [-78.6, -0.9] }],
    jobs: [{ id: 1, location: [-78.61, -0.91] }],
  });

  it('become indices of the matrices a router gives, each place once', async () => {
    const attached = await attachMatrices(placed, (_profile, coordinates) => {
      expect(coordinates).toHaveLength(2);
      return Promise.resolve({
        durations: [
          [0, 60],
          [70, 0],
        ],
        distances: [
          [0, 500],
          [550, 0],
        ],
      });
    });
    const solution = solve(attached, { iterations: 5, seed: 1, now: () => 0 });
    expect(solution.summary).toMatchObject({ cost: 130, distance: 1050 });
  });

  it('without a way between them are a routing error, code 3', async () => {
    const table = {
      durations: [
        [0, null],
        [1, 0],
      ],
    };
    await expect(attachMatrices(placed, () => Promise.resolve(table))).rejects.toMatchObject({ code: 3 });
  });
});
