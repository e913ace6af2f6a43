/**
 * A binary heap of vertices 0..capacity-1 keyed by integers, with decrease-key, reusable between searches. After
 * `clear` every vertex is unreached; `key[v]` is valid where `reached(v)`.
 */
export class VertexHeap {
  readonly key: Float64Array;
  private readonly heap: Int32Array;
  private readonly position: Int32Array;
  private readonly touched: Int32Array;
  private touchedCount = 0;
  private size = 0;

  constructor(capacity: number) {
    this.key = new Float64Array(capacity);
    this.heap = new Int32Array(capacity + 1);
    this.touched = new Int32Array(capacity);
    // 0 unreached, > 0 place in the heap, -1 settled, -2 reopened.
    this.position = new Int32Array(capacity);
  }

  get length(): number {
    return this.size;
  }

  clear(): void {
    for (let i = 0; i < this.touchedCount; i++) this.position[this.touched[i]!] = 0;
    this.touchedCount = 0;
    this.size = 0;
  }

  reached(vertex: number): boolean {
    return this.position[vertex] !== 0;
  }

  settled(vertex: number): boolean {
    return this.position[vertex] === -1;
  }

  /** Lets a settled vertex be pushed again. */
  reopen(vertex: number): void {
    if (this.position[vertex] === -1) this.position[vertex] = -2;
  }

  minKey(): number {
    return this.size > 0 ? this.key[this.heap[1]!]! : Infinity;
  }

  /** Inserts or decreases; true when the key got better. */
  push(vertex: number, key: number): boolean {
    const at = this.position[vertex]!;
    if (at === 0 || at === -2) {
      if (at === 0) this.touched[this.touchedCount++] = vertex;
      this.key[vertex] = key;
      this.up(++this.size, vertex, key);
      return true;
    }
    if (at < 0 || key >= this.key[vertex]!) return false;
    this.key[vertex] = key;
    this.up(at, vertex, key);
    return true;
  }

  pop(): number {
    const heap = this.heap;
    const top = heap[1]!;
    const last = heap[this.size--]!;
    this.position[top] = -1;
    if (this.size > 0) this.down(1, last, this.key[last]!);
    return top;
  }

  private up(start: number, vertex: number, key: number): void {
    let at = start;
    while (at > 1) {
      const parent = at >> 1;
      const above = this.heap[parent]!;
      if (this.key[above]! <= key) break;
      this.heap[at] = above;
      this.position[above] = at;
      at = parent;
    }
    this.heap[at] = vertex;
    this.position[vertex] = at;
  }

  private down(start: number, vertex: number, key: number): void {
    let at = start;
    for (;;) {
      let child = at * 2;
      if (child > this.size) break;
      if (child < this.size && this.key[this.heap[child + 1]!]! < this.key[this.heap[child]!]!) child++;
      const below = this.heap[child]!;
      if (this.key[below]! >= key) break;
      this.heap[at] = below;
      this.position[below] = at;
      at = child;
    }
    this.heap[at] = vertex;
    this.position[vertex] = at;
  }
}
