import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSolution } from './checker.ts';
import { createPlannerPool, PlannerCancelled } from './pool.ts';
import type { PlannerPool } from './pool.ts';
import { sampleDay } from './warm-up.ts';

describe('the pool of planner threads', () => {
  let pool: PlannerPool;
  beforeAll(async () => {
    pool = createPlannerPool({ threads: 2 });
    await pool.ready;
  }, 60_000);
  afterAll(() => pool.close());

  it('answers with a sound plan, the same for the same seed and iterations', async () => {
    const day = sampleDay(3, 20, 4);
    const once = await pool.solve(day, { iterations: 100, seed: 2 });
    const again = await pool.solve(day, { iterations: 100, seed: 2 });
    expect(checkSolution(day, once)).toEqual([]);
    expect(again.routes).toEqual(once.routes);
  });

  it('gives up an older request when a newer one of its key comes', async () => {
    const day = sampleDay(3, 20, 4);
    const older = pool.solve(day, { seconds: 60, seed: 1, key: 'oriental' });
    const other = pool.solve(day, { iterations: 20, seed: 1, key: 'occidental' });
    const newer = pool.solve(day, { iterations: 20, seed: 1, key: 'oriental' });
    await expect(older).rejects.toBeInstanceOf(PlannerCancelled);
    expect((await newer).summary.unassigned).toBe(0);
    expect((await other).summary.unassigned).toBe(0);
  });

  it('says what is wrong with a problem, and goes on', async () => {
    const day = sampleDay(2, 8, 4);
    await expect(pool.solve({ ...day, matrices: {} }, { iterations: 5, seed: 1 })).rejects.toMatchObject({
      code: 2,
    });
    expect((await pool.solve(day, { iterations: 5, seed: 1 })).code).toBe(0);
  });
});
