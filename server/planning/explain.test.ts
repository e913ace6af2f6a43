import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainDiff } from './explain.ts';
import { insertionPrices, unassignedReasons } from './prices.ts';
import type { PlannerProblem } from './problem.ts';
import { sequencesOf } from './problem.ts';
import { evaluate, solve } from './solve.ts';
import { parseProblem } from './vroom-json.ts';
import { sampleDay } from './warm-up.ts';

const clock = () => 0;

describe('explainDiff', () => {
  it('charges each move so that the parts add up to the plans’ difference', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (seed) => {
        const day = sampleDay(4, 30, seed);
        const before = solve(day, { iterations: 30, seed, now: clock });
        const after = solve(day, { iterations: 60, seed: seed + 1, now: clock, startFrom: 'cold' });
        const { moves, reordered, total } = explainDiff(day, before, after);
        const parts = [...moves, ...reordered];
        const sum = (of: (part: (typeof parts)[number]) => number) =>
          parts.reduce((s, part) => s + of(part), 0);
        expect(sum((part) => part.seconds)).toBeCloseTo(after.summary.duration - before.summary.duration, 6);
        expect(sum((part) => part.cost)).toBeCloseTo(after.summary.objective - before.summary.objective, 6);
        expect(total.cost).toBeCloseTo(after.summary.objective - before.summary.objective, 6);
        const vehicleOf = (solution: typeof before) =>
          new Map(
            solution.routes.flatMap((route) =>
              route.steps.map((step) => [`${step.type}${step.id}`, route.vehicle]),
            ),
          );
        const was = vehicleOf(before);
        const is = vehicleOf(after);
        const changed = day.jobs.filter((job) => was.get(`job${job.id}`) !== is.get(`job${job.id}`));
        expect(moves.map((move) => move.jobId)).toEqual(changed.map((job) => job.id));
      }),
      { numRuns: 15, seed: 5 },
    );
  });

  const line = (change: Partial<Record<'capacity' | 'due', number>> = {}): PlannerProblem =>
    parseProblem({
      vehicles: [1, 2].map((id) => ({
        id,
        start_index: id - 1,
        end_index: id - 1,
        capacity: [change.capacity ?? 9],
      })),
      jobs: [
        {
          id: 1,
          location_index: 2,
          pickup: [3],
          priority: 1,
          service: 100,
          ...(change.due && { due: change.due }),
        },
        {
          id: 2,
          location_index: 2,
          pickup: [3],
          priority: 1,
          service: 100,
          ...(change.due && { due: change.due }),
        },
      ],
      matrix: [
        [0, 50, 10],
        [50, 0, 40],
        [10, 40, 0],
      ],
    });
  const of = (problem: PlannerProblem, first: number[], second: number[]) =>
    evaluate(
      problem,
      new Map([first, second].map((ids, v) => [v + 1, ids.map((id) => ({ type: 'job' as const, id }))])),
    );
  const reasonOf = (problem: PlannerProblem, from: [number[], number[]], to: [number[], number[]]) =>
    explainDiff(problem, of(problem, ...from), of(problem, ...to)).moves.map((move) => move.reason);

  it('says shorter-detour where the new truck is nearer', () =>
    expect(reasonOf(line(), [[2], [1]], [[2, 1], []])).toEqual(['shorter-detour']));
  it('says load where the old truck has no room', () =>
    expect(reasonOf(line({ capacity: 4 }), [[2, 1], []], [[2], [1]])).toEqual(['load']));
  it('says window-kept where the stop would be late', () =>
    expect(reasonOf(line({ due: 45 }), [[2, 1], []], [[2], [1]])).toEqual(['window-kept']));
  it('says new and dropped', () => {
    expect(reasonOf(line(), [[2], []], [[2, 1], []])).toEqual(['new']);
    expect(reasonOf(line(), [[2, 1], []], [[2], []])).toEqual(['dropped']);
  });
  it('says truck-out where the old truck is gone', () => {
    const problem = line();
    const before = of(problem, [2], [1]);
    const without = { ...problem, vehicles: problem.vehicles.slice(0, 1) };
    const after = evaluate(
      without,
      new Map([
        [
          1,
          [
            { type: 'job', id: 2 },
            { type: 'job', id: 1 },
          ],
        ],
      ]),
    );
    expect(explainDiff(without, before, after).moves).toMatchObject([
      { jobId: 1, fromVehicleId: 2, toVehicleId: 1, reason: 'truck-out' },
    ]);
  });
});

describe('insertionPrices', () => {
  const day = sampleDay(3, 18, 9);
  const plan = solve(day, { iterations: 200, seed: 1, now: clock });

  it('gives for each open place exactly what the plan would cost more', () => {
    const sequences = sequencesOf(plan);
    const without = new Map(
      [...sequences].map(([v, steps]) => [v, steps.filter((step) => step.id !== 5 || step.type !== 'job')]),
    );
    const base = evaluate(day, without).summary.objective;
    const open = insertionPrices(day, sequences, 5).filter((price) => price.refused === undefined);
    expect(open.length).toBeGreaterThan(3);
    for (const price of open) {
      const stops = [...(without.get(price.vehicleId) ?? [])];
      const place = price.place && { type: price.place.type, id: price.place.id };
      const job = { type: 'job' as const, id: 5 };
      stops.splice(
        price.index,
        0,
        ...(place ? (price.place?.side === 'before' ? [place, job] : [job, place]) : [job]),
      );
      const after = evaluate(day, new Map([...without, [price.vehicleId, stops]]));
      expect(after.summary.objective - base).toBeCloseTo(price.costS, 6);
    }
    expect(open.map((price) => price.costS)).toEqual(open.map((price) => price.costS).sort((a, b) => a - b));
  });

  it('names the rule that refuses a place', () => {
    const problem = parseProblem({
      vehicles: [
        {
          id: 1,
          start_index: 0,
          end_index: 0,
          capacity: [4],
          skills: [1],
          steps: [{ type: 'job', id: 2 }],
          frozen: 1,
        },
        { id: 2, start_index: 0, end_index: 0, capacity: [9] },
        { id: 3, start_index: 0, end_index: 0, capacity: [9], skills: [1], time_window: [0, 25] },
      ],
      jobs: [
        { id: 1, location_index: 1, pickup: [3], skills: [1] },
        { id: 2, location_index: 1, pickup: [3] },
      ],
      matrix: [
        [0, 15],
        [15, 0],
      ],
    });
    const prices = insertionPrices(problem, new Map([[1, [{ type: 'job', id: 2 }]]]), 1);
    expect(new Map(prices.map((price) => [`${price.vehicleId}/${price.index}`, price.refused]))).toEqual(
      new Map([
        ['1/0', 'frozen'],
        ['1/1', 'capacity'],
        ['2/0', 'skill'],
        ['3/0', 'shift'],
      ]),
    );
  });
});

describe('unassignedReasons', () => {
  it('says which rule leaves a job out', () => {
    const problem = parseProblem({
      vehicles: [{ id: 1, start_index: 0, end_index: 0, capacity: [4], time_window: [0, 1000] }],
      jobs: [
        { id: 1, location_index: 1, pickup: [9] },
        { id: 2, location_index: 1, pickup: [1], skills: [3] },
        { id: 3, location_index: 1, pickup: [1], time_windows: [[0, 10]] },
        { id: 4, location_index: 1, pickup: [1], prize: 5 },
        { id: 5, location_index: 1, pickup: [1], service: 990 },
      ],
      matrix: [
        [0, 15],
        [15, 0],
      ],
    });
    const solution = solve(problem, { iterations: 20, seed: 1, now: clock });
    const reasons = unassignedReasons(problem, solution);
    expect([...reasons].map(([id, { reason }]) => [id, reason])).toEqual([
      [1, 'capacity'],
      [2, 'skill'],
      [3, 'window'],
      [4, 'price'],
      [5, 'shift'],
    ]);
  });
});
