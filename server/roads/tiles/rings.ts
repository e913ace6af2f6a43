/**
 * Closes a multipolygon's pieces into rings by joining ways end to end. Pieces that close with no other
 * (an extract cut through them) are left out.
 *
 * @param pieces node ids of each member way
 * @returns closed rings of node ids, the first equal to the last
 */
export function joinRings(pieces: readonly (readonly number[])[]): number[][] {
  const rings: number[][] = [];
  const waiting = new Map<number, Set<number>>();
  const open = new Map<number, readonly number[]>();
  pieces.forEach((piece, index) => {
    const [first, last] = [piece[0], piece.at(-1)];
    if (first === undefined || last === undefined || piece.length < 2) return;
    if (first === last) {
      if (piece.length >= 4) rings.push([...piece]);
      return;
    }
    open.set(index, piece);
    for (const end of [first, last]) {
      const at = waiting.get(end) ?? new Set<number>();
      waiting.set(end, at.add(index));
    }
  });

  const take = (index: number, piece: readonly number[]): void => {
    open.delete(index);
    for (const end of [piece[0], piece.at(-1)]) if (end !== undefined) waiting.get(end)?.delete(index);
  };

  for (const [startIndex, startPiece] of open) {
    take(startIndex, startPiece);
    const ring = [...startPiece];
    for (;;) {
      const tail = ring.at(-1);
      if (tail === undefined || tail === ring[0]) break;
      const nextIndex = waiting.get(tail)?.values().next().value;
      const next = nextIndex === undefined ? undefined : open.get(nextIndex);
      if (nextIndex === undefined || next === undefined) break;
      take(nextIndex, next);
      ring.push(...(next[0] === tail ? next.slice(1) : next.slice(0, -1).reverse()));
    }
    if (ring.length >= 4 && ring[0] === ring.at(-1)) rings.push(ring);
  }
  return rings;
}

/** Area inside a flat `x, y…` ring, in squared units of its coordinates; positive when counter-clockwise. */
export function signedArea(ring: readonly number[]): number {
  let twice = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    twice += (ring[j] ?? 0) * (ring[i + 1] ?? 0) - (ring[i] ?? 0) * (ring[j + 1] ?? 0);
  }
  return twice / 2;
}

/** Whether a point lies inside a flat ring (even-odd rule). */
export function isInside(x: number, y: number, ring: readonly number[]): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [ring[i] ?? 0, ring[i + 1] ?? 0, ring[j] ?? 0, ring[j + 1] ?? 0];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
