import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { plainTraits, randomProblem } from '../server/planning/random-problem.ts';

/** A public instance as VROOM JSON, with what its authors' best solution costs. */
export interface Instance {
  set: 'X' | 'solomon' | 'multi-trip' | 'prize' | 'scale' | 'generated';
  name: string;
  problem: Record<string, unknown>;
  /** Cost of the best known solution in the instance's own unit, and how ours is turned into that unit. */
  bestKnown: number | undefined;
  unit: number;
}

type Point = [x: number, y: number];
type Sections = Map<string, number[][]>;

/** Reads the instances of `folder` (bench/vrp of the reference data), of one set or all; conventions are in its README. */
export function readInstances(folder: string, only?: string): Instance[] {
  const sets = {
    X: readX,
    solomon: readSolomon,
    'multi-trip': readMultiTrip,
    prize: readPrize,
    scale: readScale,
  };
  return Object.entries(sets).flatMap(([set, read]) => {
    const at = join(folder, set === 'scale' ? 'prize' : set);
    return (only !== undefined && only !== set) || !existsSync(at) ? [] : read(at);
  });
}

function names(folder: string, extension: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length))
    .sort();
}

function sections(text: string): { fields: Map<string, string>; parts: Sections } {
  const fields = new Map<string, string>();
  const parts: Sections = new Map();
  let rows: number[][] | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line === 'EOF') continue;
    if (/^[A-Z_]+_SECTION$/.test(line)) {
      rows = [];
      parts.set(line.replace('_SECTION', ''), rows);
    } else if (rows) {
      rows.push(line.split(/\s+/).map(Number));
    } else {
      const [key = '', ...value] = line.split(':');
      fields.set(key.trim(), value.join(':').trim());
    }
  }
  return { fields, parts };
}

function costOf(solution: string): number | undefined {
  const found = /Cost:?\s+([\d.]+)/.exec(solution);
  return found ? Number(found[1]) : undefined;
}

function matrix(points: Point[], length: (metres: number) => number): number[][] {
  return points.map(([ax, ay]) => points.map(([bx, by]) => length(Math.hypot(ax - bx, ay - by))));
}

function column(parts: Sections, section: string): number[] {
  return (parts.get(section) ?? []).map((row) => row[1] as number);
}

function points(parts: Sections): Point[] {
  return (parts.get('NODE_COORD') ?? []).map((row) => [row[1] as number, row[2] as number]);
}

function readX(folder: string): Instance[] {
  return names(folder, '.vrp').map((name) => {
    const { fields, parts } = sections(readFileSync(join(folder, `${name}.vrp`), 'utf8'));
    const demand = column(parts, 'DEMAND');
    const capacity = Number(fields.get('CAPACITY'));
    const least = Math.ceil(demand.reduce((sum, x) => sum + x, 0) / capacity);
    return {
      set: 'X' as const,
      name,
      unit: 1,
      bestKnown: costOf(readFileSync(join(folder, `${name}.sol`), 'utf8')),
      problem: {
        vehicles: Array.from({ length: least + 10 }, (_, i) => ({
          id: i + 1,
          start_index: 0,
          end_index: 0,
          capacity: [capacity],
        })),
        jobs: demand.slice(1).map((amount, i) => ({ id: i + 1, location_index: i + 1, delivery: [amount] })),
        matrices: { car: { durations: matrix(points(parts), Math.round) } },
      },
    };
  });
}

function readSolomon(folder: string): Instance[] {
  const best = new Map(
    readFileSync(join(folder, 'solomon_bks.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .map((cells) => [cells[0] as string, Number(cells[3])]),
  );
  return names(folder, '.txt')
    .filter((name) => name !== 'R109')
    .map((name) => {
      const text = readFileSync(join(folder, `${name}.txt`), 'utf8');
      const rows = text
        .split('\n')
        .map((line) => line.trim().split(/\s+/).map(Number))
        .filter((row) => row.length >= 2 && row.every(Number.isFinite));
      const [count, capacity] = rows[0] as [number, number];
      const nodes = rows.slice(1) as [number, number, number, number, number, number, number][];
      const horizon = nodes[0]?.[5] as number;
      return {
        set: 'solomon' as const,
        name,
        unit: 1000,
        bestKnown: best.get(name),
        problem: {
          vehicles: Array.from({ length: count }, (_, i) => ({
            id: i + 1,
            start_index: 0,
            end_index: 0,
            capacity: [capacity],
            time_window: [0, horizon * 1000],
          })),
          jobs: nodes.slice(1).map(([id, , , demand, ready, due, service]) => ({
            id,
            location_index: id,
            delivery: [demand],
            service: service * 1000,
            time_windows: [[ready * 1000, due * 1000]],
          })),
          matrices: {
            car: {
              durations: matrix(
                nodes.map((row) => [row[1], row[2]]),
                (d) => Math.round(d * 1000),
              ),
            },
          },
        },
      };
    });
}

function readMultiTrip(folder: string): Instance[] {
  return names(folder, '.vrp').map((name) => {
    const { fields, parts } = sections(readFileSync(join(folder, `${name}.vrp`), 'utf8'));
    const windows = parts.get('TIME_WINDOW') ?? [];
    const release = column(parts, 'RELEASE_TIME');
    return {
      set: 'multi-trip' as const,
      name,
      unit: 1,
      bestKnown: costOf(readFileSync(join(folder, `${name}.sol`), 'utf8')),
      problem: {
        ...timed(fields, parts),
        reloads: [{ id: 1, location_index: 0, service: 0 }],
        jobs: column(parts, 'DEMAND')
          .slice(1)
          .map((amount, i) => ({
            id: i + 1,
            location_index: i + 1,
            delivery: [amount],
            service: 10 * Number(fields.get('SERVICE_TIME')),
            time_windows: [[10 * (windows[i + 1]?.[1] as number), 10 * (windows[i + 1]?.[2] as number)]],
            release: 10 * (release[i + 1] as number),
          })),
      },
    };
  });
}

function readPrize(folder: string): Instance[] {
  return names(folder, '.vrp').map((name) => {
    const { fields, parts } = sections(readFileSync(join(folder, `${name}.vrp`), 'utf8'));
    const windows = parts.get('TIME_WINDOW') ?? [];
    const prize = column(parts, 'PRIZE');
    return {
      set: 'prize' as const,
      name,
      unit: 1,
      bestKnown: costOf(readFileSync(join(folder, `${name}.sol`), 'utf8')),
      problem: {
        ...timed(fields, parts),
        jobs: column(parts, 'DEMAND')
          .slice(1)
          .map((amount, i) => ({
            id: i + 1,
            location_index: i + 1,
            delivery: [amount],
            service: 10 * Number(fields.get('SERVICE_TIME')),
            time_windows: [[10 * (windows[i + 1]?.[1] as number), 10 * (windows[i + 1]?.[2] as number)]],
            prize: 10 * (prize[i + 1] as number),
          })),
      },
    };
  });
}

/** The thousand stops of the prize set, all of them to be served: no best known cost lies beside these. */
function readScale(folder: string): Instance[] {
  return readPrize(folder).map((instance) => ({
    ...instance,
    set: 'scale' as const,
    bestKnown: undefined,
    problem: {
      ...instance.problem,
      jobs: (instance.problem['jobs'] as Record<string, unknown>[]).map(({ prize: _prize, ...job }) => job),
    },
  }));
}

function timed(fields: Map<string, string>, parts: Sections): Record<string, unknown> {
  const horizon = parts.get('TIME_WINDOW')?.[0]?.[2] as number;
  return {
    vehicles: Array.from({ length: Number(fields.get('VEHICLES')) }, (_, i) => ({
      id: i + 1,
      start_index: 0,
      end_index: 0,
      capacity: [Number(fields.get('CAPACITY'))],
      time_window: [0, 10 * horizon],
    })),
    matrices: { car: { durations: matrix(points(parts), (d) => Math.floor(10 * d)) } },
  };
}

/** Made-up instances, for where the public ones are not at hand: one with capacity only, one with windows, one city day. */
export function generatedInstances(): Instance[] {
  const traits = plainTraits(100, 25, 1);
  const made = (name: string, problem: Record<string, unknown>): Instance => ({
    set: 'generated',
    name,
    unit: 1,
    bestKnown: undefined,
    problem,
  });
  return [
    ...[1, 2, 3].map((seed) =>
      made(`capacity-${seed}`, randomProblem({ ...traits, jobs: 120, windows: false, seed })),
    ),
    ...[1, 2, 3].map((seed) =>
      made(`windows-${seed}`, randomProblem({ ...traits, jobs: 100, windows: true, seed })),
    ),
    ...[1, 2].map((seed) =>
      made(
        `landfill-${seed}`,
        randomProblem({
          ...traits,
          jobs: 100,
          vehicles: 12,
          windows: false,
          disposals: true,
          due: true,
          seed,
        }),
      ),
    ),
  ];
}
