import type { LonLat } from '../../shared/geo.ts';
import type { Roads } from '../roads/roads.ts';

/** Seconds or metres where there is no way: two months of driving. */
export const UNREACHABLE = 5_000_000;

/** Whole seconds and metres between points, in their order; `UNREACHABLE` where no way leads. */
export interface PlaceTable {
  durationsS: number[][];
  distancesM: number[][];
  degraded: boolean;
}

/** More places than a day has; beyond it the memory begins anew. */
const MOST_PLACES = 1_500;
/** Travel times change over the day: what is older is asked again. */
const KEEP_MS = 15 * 60_000;

/**
 * Travel between the places of the plan, remembered: stops, depot and landfills stand where they stand, so that only
 * what is new is asked of the router — a new stop's row and column, and the rows of the trucks, which are somewhere
 * else each time.
 */
class PlaceTables {
  private readonly roads: Roads;
  private readonly ids = new Map<string, number>();
  private readonly points: LonLat[] = [];
  private seconds: Int32Array[] = [];
  private metres: Int32Array[] = [];
  /** How many of the places, counted from the first, know the way to each other. */
  private known = 0;
  private bornMs = 0;
  private generation = 0;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(roads: Roads) {
    this.roads = roads;
  }

  forget(): void {
    this.generation++;
    this.ids.clear();
    this.points.length = 0;
    this.seconds = [];
    this.metres = [];
    this.known = 0;
  }

  /**
   * @param passing indices of points nobody drives to and that are not remembered: where trucks are now
   * @param onward for each of those, the points it is asked about; left out: all
   */
  async among(
    points: readonly LonLat[],
    passing: ReadonlySet<number>,
    nowMs: number,
    onward?: ReadonlySet<number>,
  ): Promise<PlaceTable> {
    const fixed = points.flatMap((_, index) => (passing.has(index) ? [] : [index]));
    const [places, moving] = await Promise.all([
      this.fixedTable(
        fixed.map((index) => points[index]!),
        nowMs,
      ),
      this.rowsOf(points, [...passing], onward === undefined ? fixed : fixed.filter((at) => onward.has(at))),
    ]);
    const answer: PlaceTable = {
      durationsS: [],
      distancesM: [],
      degraded: places.degraded || moving.degraded,
    };
    let at = 0;
    for (const index of points.keys()) {
      const row = moving.rows.get(index);
      if (row !== undefined) {
        answer.durationsS.push(row.durationsS);
        answer.distancesM.push(row.distancesM);
        continue;
      }
      answer.durationsS.push(spread(places.durationsS, places.ids, fixed, at, points.length));
      answer.distancesM.push(spread(places.distancesM, places.ids, fixed, at, points.length));
      at++;
    }
    return answer;
  }

  /** Brings the memory up to these places; two askers wait for one another, so that none asks what the other does. */
  private fixedTable(points: readonly LonLat[], nowMs: number) {
    const mine = this.turn.then(() => this.learn(points, nowMs));
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async learn(points: readonly LonLat[], nowMs: number) {
    if (nowMs - this.bornMs > KEEP_MS || this.points.length > MOST_PLACES || nowMs < this.bornMs) {
      this.forget();
      this.bornMs = nowMs;
    }
    const generation = this.generation;
    const from = this.known;
    for (const point of points) {
      const key = keyOf(point);
      if (!this.ids.has(key)) this.ids.set(key, this.points.push(point) - 1);
    }
    const ids = points.map((point) => this.ids.get(keyOf(point))!);
    const all = [...this.points];
    // Held here: the memory may begin anew while the router is asked.
    const [oldSeconds, oldMetres] = [this.seconds, this.metres];
    if (all.length === from) return { ids, durationsS: oldSeconds, distancesM: oldMetres, degraded: false };
    const fresh = all.flatMap((_, index) => (index < from ? [] : [index]));
    const old = all.flatMap((_, index) => (index < from ? [index] : []));
    const [outward, inward] = await Promise.all([
      this.roads.table(all, { sources: fresh, destinations: [...all.keys()] }),
      old.length === 0 ? null : this.roads.table(all, { sources: old, destinations: fresh }),
    ]);
    const seconds = all.map(() => new Int32Array(all.length).fill(UNREACHABLE));
    const metres = all.map(() => new Int32Array(all.length).fill(UNREACHABLE));
    old.forEach((row) => {
      seconds[row]!.set(oldSeconds[row]!);
      metres[row]!.set(oldMetres[row]!);
      fresh.forEach((column, at) => {
        seconds[row]![column] = whole(inward!.durationsS[row]![at]!);
        metres[row]![column] = whole(inward!.distancesM[row]![at]!);
      });
    });
    fresh.forEach((row, at) => {
      for (const column of all.keys()) {
        seconds[row]![column] = whole(outward.durationsS[at]![column]!);
        metres[row]![column] = whole(outward.distancesM[at]![column]!);
      }
    });
    const degraded = outward.degraded || (inward?.degraded ?? false);
    if (generation === this.generation) {
      if (degraded) {
        // An estimate is not remembered as the way.
        for (const point of all.slice(from)) this.ids.delete(keyOf(point));
        this.points.length = from;
      } else {
        this.seconds = seconds;
        this.metres = metres;
        this.known = all.length;
      }
    }
    return { ids, durationsS: seconds, distancesM: metres, degraded };
  }

  private async rowsOf(points: readonly LonLat[], rows: readonly number[], columns: readonly number[]) {
    const found = new Map<number, { durationsS: number[]; distancesM: number[] }>();
    if (rows.length === 0) return { rows: found, degraded: false };
    const table = await this.roads.table(points, { sources: rows, destinations: columns });
    rows.forEach((row, at) => {
      const durationsS = new Array<number>(points.length).fill(UNREACHABLE);
      const distancesM = new Array<number>(points.length).fill(UNREACHABLE);
      columns.forEach((column, index) => {
        durationsS[column] = whole(table.durationsS[at]![index]!);
        distancesM[column] = whole(table.distancesM[at]![index]!);
      });
      durationsS[row] = distancesM[row] = 0;
      found.set(row, { durationsS, distancesM });
    });
    return { rows: found, degraded: table.degraded };
  }
}

function keyOf(point: LonLat): string {
  return `${point[0].toFixed(6)},${point[1].toFixed(6)}`;
}

function whole(cell: number): number {
  return Number.isFinite(cell) ? Math.round(cell) : UNREACHABLE;
}

/** One row of the memory in the order of the points asked about. */
function spread(
  rows: readonly Int32Array[],
  ids: readonly number[],
  fixed: readonly number[],
  at: number,
  length: number,
): number[] {
  const from = rows[ids[at]!]!;
  const row = new Array<number>(length).fill(UNREACHABLE);
  for (let to = 0; to < fixed.length; to++) row[fixed[to]!] = from[ids[to]!]!;
  return row;
}

const kept = new WeakMap<Roads, PlaceTables>();

/**
 * The table of a planning question. `onward` narrows what is asked of where the trucks are now: pricing one stop needs
 * only the way to it and to each truck's next stop.
 */
export function placeTable(
  roads: Roads,
  question: { points: readonly LonLat[]; passing: ReadonlySet<number>; nowMs: number },
  onward?: ReadonlySet<number>,
): Promise<PlaceTable> {
  let tables = kept.get(roads);
  if (tables === undefined) kept.set(roads, (tables = new PlaceTables(roads)));
  return tables.among(question.points, question.passing, question.nowMs, onward);
}

/** The streets changed: a closure, another map, other speeds. Whoever changes them says so here. */
export function forgetPlaceTables(roads: Roads): void {
  kept.get(roads)?.forget();
}
