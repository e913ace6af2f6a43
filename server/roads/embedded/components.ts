/** Smallest component counted as part of the map proper; below it OSRM treats lanes as cut off. */
const BIG_COMPONENT_LANES = 1000;

/** Strongly connected components of a graph in CSR form (Tarjan, iterative): component per vertex and its size. */
export function componentsOf(
  start: Uint32Array,
  target: Uint32Array,
): { component: Uint32Array; tiny: Uint8Array } {
  const n = start.length - 1;
  const component = new Uint32Array(n);
  const index = new Int32Array(n).fill(-1);
  const low = new Int32Array(n);
  const onStack = new Uint8Array(n);
  const next = new Uint32Array(n);
  const stack: number[] = [];
  const sizes: number[] = [];
  let counter = 0;
  for (let root = 0; root < n; root++) {
    if (index[root] !== -1) continue;
    const path = [root];
    while (path.length > 0) {
      const v = path.at(-1)!;
      if (index[v] === -1) {
        index[v] = low[v] = counter++;
        next[v] = start[v]!;
        stack.push(v);
        onStack[v] = 1;
      }
      let deeper = false;
      while (next[v]! < start[v + 1]!) {
        const w = target[next[v]!++]!;
        if (index[w] === -1) {
          path.push(w);
          deeper = true;
          break;
        }
        if (onStack[w]) low[v] = Math.min(low[v]!, index[w]!);
      }
      if (deeper) continue;
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[v]!);
      if (low[v] !== index[v]) continue;
      let size = 0;
      for (;;) {
        const w = stack.pop()!;
        onStack[w] = 0;
        component[w] = sizes.length;
        size++;
        if (w === v) break;
      }
      sizes.push(size);
    }
  }
  const tiny = Uint8Array.from(component, (c) => (sizes[c]! < BIG_COMPONENT_LANES ? 1 : 0));
  return { component, tiny };
}
