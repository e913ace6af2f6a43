/** Sizes the arrays: more rows or columns than these are not taken. */
export const MOST_ROWS = 64;
export const MOST_COLUMNS = 1536;

const WORDS = MOST_ROWS / 32;
/** Columns worth entering the basis that are kept from one look at all of them. */
const LISTED = 24;
const MOST_PIVOTS = 1200;
/** The search first looks only so deep into the gap between prices and incumbent: that is quick where it finds. */
const PARTS_OF_GAP = [0.3, 1];
const TINY = 1e-6;

/**
 * Set partitioning on a small scale: of given routes (columns), those that together serve each job (row) exactly once
 * at the least cost. The linear relaxation, solved by the primal simplex method from the incumbent on, gives each row a
 * price; columns whose reduced cost exceeds the gap cannot be in a better plan; among the rest a depth-first search,
 * bounded in nodes, looks for an exact cover.
 */
export class Partition {
  /** To be set once all columns are there: rows are numbered from 0. */
  rowCount = 0;
  columnCount = 0;
  /** Rows of column j: `rows[from[j]] .. rows[from[j + 1] - 1]`; and the same as a bit set. */
  readonly from = new Int32Array(MOST_COLUMNS + 1);
  readonly rows = new Int32Array(MOST_COLUMNS * MOST_ROWS);
  readonly mask = new Int32Array(MOST_COLUMNS * WORDS);
  readonly cost = new Float64Array(MOST_COLUMNS);
  /** Columns of the best cover that `solve` found. */
  readonly answer: number[] = [];

  private readonly inverse = new Float64Array(MOST_ROWS * MOST_ROWS);
  private readonly value = new Float64Array(MOST_ROWS);
  private readonly wanted = new Float64Array(MOST_ROWS);
  private readonly price = new Float64Array(MOST_ROWS);
  private readonly change = new Float64Array(MOST_ROWS);
  private readonly filled = new Int32Array(MOST_ROWS);
  private readonly listed = new Int32Array(LISTED);
  private readonly listedBy = new Float64Array(LISTED);
  private listedCount = 0;

  private readonly reduced = new Float64Array(MOST_COLUMNS);
  private readonly share = new Float64Array(MOST_COLUMNS);
  private readonly lists = Array.from({ length: MOST_ROWS + 1 }, () => new Int32Array(MOST_COLUMNS));
  private readonly counts = new Int32Array(MOST_ROWS);
  private readonly cheapest = new Float64Array(MOST_ROWS);
  private readonly covered = new Int32Array(WORDS);
  private readonly chosen: number[] = [];
  private nodesLeft = 0;
  private bar = 0;
  private allowed = 0;

  /** Empties the table. */
  begin(): void {
    this.columnCount = 0;
  }

  /** Adds a column from the local numbers of its rows; false when the table is full. */
  add(rows: Int32Array, count: number, cost: number): boolean {
    if (this.columnCount === MOST_COLUMNS) return false;
    const j = this.columnCount++;
    const at = this.from[j] as number;
    for (let w = 0; w < WORDS; w++) this.mask[j * WORDS + w] = 0;
    for (let i = 0; i < count; i++) {
      const r = rows[i] as number;
      this.rows[at + i] = r;
      this.mask[j * WORDS + (r >> 5)]! |= 1 << (r & 31);
    }
    this.from[j + 1] = at + count;
    this.cost[j] = cost;
    return true;
  }

  /** Looks for a cover cheaper than `incumbent` (columns); whether one was found, which is then `answer`. */
  solve(incumbent: number[], nodes: number): boolean {
    let limit = 0;
    for (const j of incumbent) limit += this.cost[j] as number;
    this.layPrices(incumbent);
    return this.search(limit, nodes);
  }

  /** Simplex on the covering relaxation: prices stay at or above zero, and each pivot keeps the cover sound. */
  private layPrices(incumbent: number[]): void {
    this.layBasis(incumbent);
    this.listedCount = 0;
    const { listed, price } = this;
    for (let pivots = 0; pivots < MOST_PIVOTS; pivots++) {
      let enter = -1;
      let worst = -TINY;
      for (let k = 0; k < this.listedCount; k++) {
        const reduced = this.reducedCost(listed[k] as number);
        if (reduced < worst) {
          worst = reduced;
          enter = listed[k] as number;
        }
      }
      if (enter < 0) {
        this.list();
        if (this.listedCount > 0) {
          enter = listed[0] as number;
          worst = this.listedBy[0] as number;
        }
      }
      let surplus = -1;
      for (let r = 0; r < this.rowCount; r++) {
        if ((price[r] as number) < worst) {
          worst = price[r] as number;
          surplus = r;
        }
      }
      if (enter < 0 && surplus < 0) return;
      if (!this.pivot(enter, surplus, worst)) return;
    }
  }

  private reducedCost(j: number): number {
    const { rows, price } = this;
    const end = this.from[j + 1] as number;
    let reduced = this.cost[j] as number;
    for (let i = this.from[j] as number; i < end; i++) reduced -= price[rows[i] as number] as number;
    return reduced;
  }

  /** Lists the columns with the most negative reduced costs, the very best one first. */
  private list(): void {
    const { listed, listedBy } = this;
    let count = 0;
    let bar = -TINY;
    for (let j = 0; j < this.columnCount; j++) {
      const reduced = this.reducedCost(j);
      if (reduced >= bar) continue;
      let at = count < LISTED ? count++ : LISTED - 1;
      while (at > 0 && (listedBy[at - 1] as number) > reduced) {
        listed[at] = listed[at - 1] as number;
        listedBy[at] = listedBy[at - 1] as number;
        at--;
      }
      listed[at] = j;
      listedBy[at] = reduced;
      if (count === LISTED) bar = listedBy[LISTED - 1] as number;
    }
    this.listedCount = count;
  }

  private layBasis(incumbent: number[]): void {
    const { rowCount: m, inverse, value, wanted, price, from, rows } = this;
    inverse.fill(0, 0, m * MOST_ROWS);
    // Unequal right-hand sides keep pivots from going round in circles; any such numbers do.
    for (let r = 0; r < m; r++) wanted[r] = 1 + 1e-3 * (((r + 1) * 0.6180339887498949) % 1);
    for (const j of incumbent) {
      let lead = rows[from[j] as number] as number;
      for (let i = from[j] as number; i < (from[j + 1] as number); i++) {
        if ((wanted[rows[i] as number] as number) > (wanted[lead] as number)) lead = rows[i] as number;
      }
      for (let i = from[j] as number; i < (from[j + 1] as number); i++) {
        const r = rows[i] as number;
        const leads = r === lead;
        inverse[r * MOST_ROWS + lead] = 1;
        if (!leads) inverse[r * MOST_ROWS + r] = -1;
        value[r] = (wanted[lead] as number) - (leads ? 0 : (wanted[r] as number));
        price[r] = leads ? (this.cost[j] as number) : 0;
      }
    }
  }

  /** Brings column `enter`, or the surplus of row `surplus`, into the basis. */
  private pivot(enter: number, surplus: number, reduced: number): boolean {
    const { rowCount: m, inverse, value, change, filled, from, rows, price } = this;
    let leave = -1;
    let least = Infinity;
    for (let i = 0; i < m; i++) {
      let d = 0;
      if (surplus >= 0) d = -(inverse[i * MOST_ROWS + surplus] as number);
      else {
        const end = from[enter + 1] as number;
        for (let k = from[enter] as number; k < end; k++)
          d += inverse[i * MOST_ROWS + (rows[k] as number)] as number;
      }
      change[i] = d;
      if (d > 1e-7 && (value[i] as number) < least * d) {
        least = (value[i] as number) / d;
        leave = i;
      }
    }
    if (leave < 0) return false;
    const by = change[leave] as number;
    const row = leave * MOST_ROWS;
    let count = 0;
    for (let k = 0; k < m; k++) {
      const x = inverse[row + k] as number;
      if (x < 1e-11 && x > -1e-11) continue;
      inverse[row + k] = x / by;
      filled[count++] = k;
    }
    value[leave] = least;
    for (let i = 0; i < m; i++) {
      const d = change[i] as number;
      if (i === leave || (d < 1e-11 && d > -1e-11)) continue;
      const at = i * MOST_ROWS;
      for (let f = 0; f < count; f++) {
        const k = filled[f] as number;
        inverse[at + k]! -= d * (inverse[row + k] as number);
      }
      value[i]! -= d * least;
    }
    for (let f = 0; f < count; f++) {
      const k = filled[f] as number;
      price[k]! += reduced * (inverse[row + k] as number);
    }
    return true;
  }

  private search(limit: number, nodes: number): boolean {
    const { rowCount, price, reduced, share, from, lists } = this;
    let sum = 0;
    for (let r = 0; r < rowCount; r++) {
      if ((price[r] as number) < 0) price[r] = 0;
      sum += price[r] as number;
    }
    // What a cover costs is all prices plus the reduced costs of what is chosen.
    this.allowed = limit - sum - TINY;
    if (this.allowed <= 0) return false;
    const picked: number[] = [];
    for (let j = 0; j < this.columnCount; j++) {
      const r = Math.max(0, this.reducedCost(j));
      reduced[j] = r;
      share[j] = r / ((from[j + 1] as number) - (from[j] as number));
      if (r < this.allowed) picked.push(j);
    }
    picked.sort((a, b) => (reduced[a] as number) - (reduced[b] as number) || a - b);
    const list = lists[0] as Int32Array;
    picked.forEach((j, k) => (list[k] = j));
    this.covered.fill(0);
    let found = false;
    for (const part of PARTS_OF_GAP) {
      this.nodesLeft = nodes;
      this.bar = part * this.allowed;
      if (this.visit(0, picked.length, 0)) found = true;
      if (found) break;
    }
    return found;
  }

  /** Tries each column for the row that has fewest; whether a cover cheaper than all before was found below. */
  private visit(depth: number, listCount: number, spent: number): boolean {
    if (this.nodesLeft-- <= 0) return false;
    const { lists, mask, reduced, covered, chosen } = this;
    const list = lists[depth] as Int32Array;
    const row = this.scarcestRow(list, listCount, spent);
    if (row === -2) {
      this.bar = spent - TINY;
      this.answer.length = 0;
      this.answer.push(...chosen);
      return true;
    }
    if (row < 0) return false;
    const word = row >> 5;
    const bit = 1 << (row & 31);
    const next = lists[depth + 1] as Int32Array;
    let found = false;
    for (let k = 0; k < listCount && this.nodesLeft > 0; k++) {
      const j = list[k] as number;
      const at = j * WORDS;
      if (((mask[at + word] as number) & bit) === 0) continue;
      const after = spent + (reduced[j] as number);
      if (after >= this.bar) break;
      const low = mask[at] as number;
      const high = mask[at + 1] as number;
      let nextCount = 0;
      for (let o = 0; o < listCount; o++) {
        const other = list[o] as number;
        const to = other * WORDS;
        if (((low & (mask[to] as number)) | (high & (mask[to + 1] as number))) !== 0) continue;
        if (after + (reduced[other] as number) >= this.bar) break;
        next[nextCount++] = other;
      }
      covered[0]! |= low;
      covered[1]! |= high;
      chosen.push(j);
      if (this.visit(depth + 1, nextCount, after)) found = true;
      chosen.pop();
      covered[0]! &= ~low;
      covered[1]! &= ~high;
    }
    return found;
  }

  /** The uncovered row with fewest columns; -1 when no cover under the bar can follow, -2 when all are covered. */
  private scarcestRow(list: Int32Array, listCount: number, spent: number): number {
    const { rowCount, counts, cheapest, from, rows, share, covered } = this;
    counts.fill(0, 0, rowCount);
    cheapest.fill(Infinity, 0, rowCount);
    for (let k = 0; k < listCount; k++) {
      const j = list[k] as number;
      const part = share[j] as number;
      const end = from[j + 1] as number;
      for (let i = from[j] as number; i < end; i++) {
        const r = rows[i] as number;
        counts[r]!++;
        if (part < (cheapest[r] as number)) cheapest[r] = part;
      }
    }
    let row = -2;
    let fewest = Infinity;
    let atLeast = spent;
    for (let r = 0; r < rowCount; r++) {
      if (((covered[r >> 5] as number) & (1 << (r & 31))) !== 0) continue;
      if (counts[r] === 0) return -1;
      atLeast += cheapest[r] as number;
      if ((counts[r] as number) < fewest) {
        fewest = counts[r] as number;
        row = r;
      }
    }
    return row >= 0 && atLeast >= this.bar ? -1 : row;
  }
}
