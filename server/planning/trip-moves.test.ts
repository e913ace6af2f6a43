import { describe, expect, it } from 'vitest';
import { compile } from './model.ts';
import { Random } from './random.ts';
import { Routes } from './routes.ts';
import { Start } from './start.ts';
import { TripMoves } from './trip-moves.ts';
import { parseProblem } from './vroom-json.ts';

const points = [0, 100, 110, 120, 130, 140, 150];
const durations = points.map((a) => points.map((b) => Math.abs(a - b)));

/** Six stops of which three fill a truck, all planned on the first of two. */
function day(extra: Record<string, unknown>, stop: string, end: { type: string; id: number }[]): Routes {
  const visit = { type: stop, id: 1 };
  const jobs = [1, 2, 3, 4, 5, 6].map((id) => ({ type: 'job', id }));
  const vehicle = { start_index: 0, end_index: 0, capacity: [3], time_window: [0, 2000] };
  const model = compile(
    parseProblem({
      vehicles: [
        { ...vehicle, ...extra, id: 1, steps: [...jobs.slice(0, 3), visit, ...jobs.slice(3), ...end] },
        { ...vehicle, ...extra, id: 2 },
      ],
      jobs: jobs.map(({ id }) => ({
        id,
        location_index: id,
        ...(stop === 'reload' ? { delivery: [1] } : { pickup: [1] }),
      })),
      [`${stop}s`]: [{ id: 1, location_index: 0, service: 0 }],
      matrices: { car: { durations } },
    }),
  );
  const routes = new Routes(model);
  new Start(routes).run('steps');
  routes.commit();
  return routes;
}

function stopsOf(routes: Routes): number[] {
  return routes
    .routes()
    .flatMap((nodes) => [...nodes])
    .filter((x) => x < routes.model.jobCount)
    .sort((a, b) => a - b);
}

describe('moves of whole trips', () => {
  const cases = [
    { name: 'with a reload between', extra: {}, stop: 'reload', end: [] },
    {
      name: 'with a landfill before the end',
      extra: { end_empty: true },
      stop: 'disposal',
      end: [{ type: 'disposal', id: 1 }],
    },
  ];
  for (const { name, extra, stop, end } of cases) {
    it(`hand a trip to an idle truck at no cost, ${name}`, () => {
      const routes = day(extra, stop, end);
      const cost = routes.routesCost;
      expect(routes.usedCount).toBe(1);
      const moves = new TripMoves(routes, new Random(1));
      let used = 1;
      for (let i = 0; i < 200; i++) {
        if (!moves.run(1e-6)) continue;
        used = Math.max(used, routes.usedCount);
        expect(stopsOf(routes)).toEqual([0, 1, 2, 3, 4, 5]);
        expect(routes.routesCost).toBeCloseTo(cost, 6);
        for (let v = 0; v < 2; v++) expect(routes.schedule?.feasible[routes.slotOf[v] as number]).toBe(1);
      }
      expect(used).toBe(2);
    });
  }

  it('leave a plan alone where each of them would cost', () => {
    const routes = day({ costs: { fixed: 100 } }, 'reload', []);
    const moves = new TripMoves(routes, new Random(1));
    for (let i = 0; i < 200; i++) moves.run(1e-6);
    expect(routes.usedCount).toBe(1);
  });
});
