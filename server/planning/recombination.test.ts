import { describe, expect, it } from 'vitest';
import { compile } from './model.ts';
import { layNeighbours } from './neighbours.ts';
import { Pace } from './pace.ts';
import { Random } from './random.ts';
import { Recombination } from './recombination.ts';
import { RoutePool } from './route-pool.ts';
import { Routes } from './routes.ts';
import { parseProblem } from './vroom-json.ts';

/** Four pairs of stops on the corners of a square around the depot; a vehicle carries one pair. */
const corners = [
  [-10, 10],
  [10, 10],
  [10, -10],
  [-10, -10],
] as const;
const points = [[0, 0], ...corners, ...corners.map(([x, y]) => [x, y + 1])] as [number, number][];
const model = compile(
  parseProblem({
    vehicles: [1, 2, 3, 4].map((id) => ({ id, start_index: 0, end_index: 0, capacity: [2] })),
    jobs: points.slice(1).map((_, i) => ({ id: i + 1, location_index: i + 1, delivery: [1] })),
    matrix: points.map(([ax, ay]) =>
      points.map(([bx, by]) => Math.round(100 * Math.hypot(ax - bx, ay - by))),
    ),
  }),
);

function drive(routes: Routes, plan: number[][]): void {
  plan.forEach((jobs, v) => {
    const slot = routes.beginChange(v);
    const base = slot * routes.stride + 1;
    jobs.forEach((job, i) => {
      routes.node[base + i] = job;
      if ((routes.absentAt[job] as number) >= 0) routes.dropAbsent(job);
    });
    routes.node[base + jobs.length] = model.endNode[v] as number;
    routes.length[slot] = jobs.length;
  });
  for (let v = 0; v < plan.length; v++) routes.refresh(v);
  routes.commit();
}

const driven = (routes: Routes): string[] =>
  Array.from({ length: model.vehicleCount }, (_, v) => {
    const slot = routes.slotOf[v] as number;
    const base = slot * routes.stride + 1;
    return [...routes.node.subarray(base, base + (routes.length[slot] as number))].join(' ');
  });

function setUp() {
  const routes = new Routes(model);
  const pool = new RoutePool(routes, new Random(1));
  const size = { least: 8, most: 8 };
  const recombination = new Recombination(routes, layNeighbours(model), pool, new Random(2), size);
  const pace = () => new Pace({ iterations: 1, now: () => 0 });
  return { routes, pool, recombination, pace };
}

/** North is driven well in one plan, south in the other. */
const northWell = [
  [0, 4],
  [1, 5],
  [2, 7],
  [3, 6],
];
const southWell = [
  [0, 5],
  [1, 4],
  [2, 6],
  [3, 7],
];

describe('routes of several plans', () => {
  it('are combined to one that is better than each', () => {
    const { routes, pool, recombination, pace } = setUp();
    drive(routes, northWell);
    pool.sample();
    drive(routes, southWell);
    pool.sample();
    const before = routes.routesCost;
    expect(recombination.run(pace(), 1)).toBe(true);
    expect(routes.routesCost).toBeLessThan(before);
    expect(driven(routes).sort()).toEqual(['0 4', '1 5', '2 6', '3 7']);
    expect([...routes.vehicleOf].every((v, job) => driven(routes)[v]?.split(' ').includes(String(job)))).toBe(
      true,
    );
    expect(recombination.run(pace(), 1)).toBe(false);
  });

  it('stay as they are when the budget is spent', () => {
    const { routes, pool, recombination } = setUp();
    drive(routes, northWell);
    pool.sample();
    drive(routes, southWell);
    pool.sample();
    const pace = new Pace({ iterations: 1, now: () => 0 });
    while (pace.next());
    expect(recombination.run(pace, 1)).toBe(false);
    expect(driven(routes)).toEqual(['0 5', '1 4', '2 6', '3 7']);
  });
});

describe('the pool', () => {
  it('keeps a set of jobs once, in the cheapest order', () => {
    const { routes, pool } = setUp();
    drive(routes, [
      [4, 1, 0],
      [2, 6],
    ]);
    pool.sample();
    expect(pool.count).toBe(2);
    drive(routes, [
      [2, 6],
      [4, 0, 1],
    ]);
    pool.sample();
    expect(pool.count).toBe(2);
    const kept = [0, 1].map((r) => [...pool.stops.subarray(pool.from[r], pool.from[r + 1])].join(' '));
    expect(kept.sort()).toEqual(['2 6', '4 0 1']);
  });
});
