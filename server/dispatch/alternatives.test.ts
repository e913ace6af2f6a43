import { describe, expect, it } from 'vitest';
import { ALTERNATIVES, type PlanDiff } from '../../shared/plan.ts';
import { evaluate, sequencesOf, type PlannerSolution } from '../planning/index.ts';
import { freedomOf } from './alternatives.ts';
import { nameStops } from './diff.ts';
import { randomDay, writeRows, type RandomDay } from './random-day.ts';
import { nameKnown, reworkWith } from './rework.ts';
import { prepare, searchFor, withFreedom, type Prepared } from './solve.ts';

const workS = (solution: PlannerSolution) =>
  solution.routes.reduce((sum, route) => sum + route.duration + route.service + route.setup, 0);
const wayM = (solution: PlannerSolution) =>
  solution.routes.reduce((sum, route) => sum + (route.distance ?? 0), 0);
const shares = (diff: PlanDiff, key: 'seconds' | 'metres') =>
  [...diff.moved, ...(diff.reordered ?? [])].reduce((sum, share) => sum + (share[key] ?? 0), 0);

/** The answers of the search are caught, so that the price can be reckoned a second way. */
function listening(day: RandomDay) {
  const answers: PlannerSolution[] = [];
  const dispatch = {
    ...day.dispatch,
    planner: {
      solve: async (...asked: Parameters<typeof day.dispatch.planner.solve>) => {
        const answer = await day.dispatch.planner.solve(...asked);
        answers.push(answer);
        return answer;
      },
    },
  };
  return { dispatch, answers };
}

function expectToAddUp(prepared: Prepared, diff: PlanDiff, after: PlannerSolution) {
  expect(shares(diff, 'seconds')).toBe(diff.cost.seconds);
  expect(shares(diff, 'metres')).toBe(diff.cost.metres);
  expect(diff.cost.seconds).toBe(Math.round(workS(after) - workS(prepared.before)));
  expect(diff.cost.metres).toBe(Math.round(wayM(after) - wayM(prepared.before)));
}

describe('the listed changes add up to the price of the plan', () => {
  it.each([1, 2, 3, 4, 5])('for every alternative and for parts of it, day %i', async (seed) => {
    const day = await randomDay(seed, { trucks: 3, stops: 24, fresh: 4, iterations: 200 });
    const { dispatch, answers } = listening(day);
    // On even days a truck fails as well.
    const out = seed % 2 === 0 ? [day.truckIds[0]!] : [];
    const trucks = new Map(day.snapshot.trucks);
    for (const id of out) trucks.set(id, { ...trucks.get(id)!, state: 'out' });
    const snapshot = { ...day.snapshot, trucks };
    const prepared = await prepare(dispatch, snapshot, {
      zone: 'oriental',
      truckIds: day.truckIds.filter((id) => !out.includes(id)),
      addIncidents: day.fresh,
      outTruckIds: out,
    });
    for (const name of ALTERNATIVES) {
      const solved = await searchFor(dispatch, prepared, freedomOf(name, snapshot.rules));
      expectToAddUp(prepared, solved.diff, answers.at(-1) ?? prepared.before);

      const made = writeRows(solved.draft, 1_000, 10_000);
      const diff = nameStops(solved.diff, solved.draft, made.routes);
      const rows = new Map([...made.stops].map(([id, stop]) => [id, { ...snapshot.stops.get(id), ...stop }]));
      for (const route of made.routes) {
        for (const { stopId } of route.stops)
          if (!rows.has(stopId)) rows.set(stopId, snapshot.stops.get(stopId)!);
      }
      const without = new Set(diff.moved.filter((_, index) => index % 2 === 1).map((move) => move.stopId));
      const input = { zone: 'oriental' as const, routes: made.routes, without, redrawTruckIds: [] };
      const part = await reworkWith(dispatch, snapshot, input, rows, []);
      const named = nameKnown(part.diff, made.routes, rows);
      expect(shares(named, 'seconds')).toBe(named.cost.seconds);
      expect(shares(named, 'metres')).toBe(named.cost.metres);
      expect(named.moved.map((move) => move.stopId).sort()).toEqual(
        diff.moved
          .map((move) => move.stopId)
          .filter((stopId) => !without.has(stopId))
          .sort(),
      );
      const whole = await reworkWith(dispatch, snapshot, { ...input, without: new Set() }, rows, []);
      expect(whole.problems).toEqual([]);
      expect(whole.diff.cost).toEqual(diff.cost);
    }
  });
});

describe('the default touches little for little', () => {
  it('moves at most a fifth of what a free re-solve would move, for at most 3 % more cost', async () => {
    let moved = 0;
    let movedFree = 0;
    let cost = 0;
    let costFree = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const day = await randomDay(100 + seed, {
        trucks: 4,
        stops: 40,
        fresh: 3,
        iterations: 700,
        morningIterations: 6_000,
      });
      const prepared = await prepare(day.dispatch, day.snapshot, {
        zone: 'oriental',
        truckIds: day.truckIds,
        addIncidents: day.fresh,
      });
      const { stabilityS } = freedomOf('balanced', day.snapshot.rules);
      const plain = withFreedom(prepared.problem, { stabilityS: 0 });
      const answer = async (price: number, startFrom?: 'cold') => {
        const problem = withFreedom(prepared.problem, { stabilityS: price });
        // A free re-solve forgets the present plan: it begins from nothing. The other begins from both, half its rounds each.
        if (startFrom === 'cold') for (const vehicle of problem.vehicles) expect(vehicle.frozen).toBe(0);
        const found = await day.dispatch.planner.solve(
          startFrom === 'cold'
            ? { ...problem, vehicles: problem.vehicles.map((vehicle) => ({ ...vehicle, steps: [] })) }
            : problem,
          { zone: 'oriental', seed, iterations: startFrom === 'cold' ? 2_000 : 4_000 },
        );
        return evaluate(plain, sequencesOf(found));
      };
      const balanced = await answer(stabilityS);
      const free = await answer(0, 'cold');
      moved += balanced.summary.moved;
      movedFree += free.summary.moved;
      cost += balanced.summary.objective;
      costFree += free.summary.objective;
    }
    expect(movedFree).toBeGreaterThan(10);
    expect(moved / movedFree).toBeLessThanOrEqual(0.2);
    expect(cost / costFree).toBeLessThanOrEqual(1.03);
  });
});
