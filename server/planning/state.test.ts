import { describe, expect, it } from 'vitest';
import { compile } from './model.ts';
import { Random } from './random.ts';
import { plainTraits, randomProblem } from './random-problem.ts';
import { Recreate } from './recreate.ts';
import { Routes } from './routes.ts';
import { Ruin } from './ruin.ts';
import { Start } from './start.ts';
import { parseProblem } from './vroom-json.ts';

const INSERTION = { blink: 0.1, temperature: 0, mostRoutes: Infinity, limit: Infinity };
const RUIN = { averageRemoved: 6, longestString: 6 };

describe('what is known of a route', () => {
  it('stays known when the route is put together again as it was, and only then', () => {
    let same = 0;
    let other = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const windows = seed % 3 === 1;
      const disposals = seed % 3 === 2;
      const traits = { ...plainTraits(30, 5, seed), windows, disposals };
      const model = compile(parseProblem(randomProblem(traits)));
      const random = new Random(seed);
      const routes = new Routes(model);
      const ruin = new Ruin(routes, random);
      const recreate = new Recreate(routes, random, ruin.neighbours);
      new Start(routes).run('cold');
      recreate.run(INSERTION);
      routes.commit();
      for (let round = 0; round < 100; round++) {
        const stops = routes.routes().map(String);
        const versions = Array.from(routes.version);
        const sound = ruin.run(RUIN) && recreate.run(INSERTION);
        if (sound && round % 3 > 0) routes.commit();
        else routes.reject();
        routes.routes().forEach((now, v) => {
          const isSame = String(now) === stops[v];
          expect(routes.version[v] === versions[v], `seed ${seed}, round ${round}, vehicle ${v}`).toBe(
            isSame,
          );
          if (isSame) same++;
          else other++;
        });
      }
    }
    expect(Math.min(same, other)).toBeGreaterThan(1000);
  });
});
