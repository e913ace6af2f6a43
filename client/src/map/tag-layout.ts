/** Places tags beside their marks so that none covers another tag or a mark: greedy, most important first. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface TagRequest {
  id: string;
  /** Where its mark is, in pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Distance kept from the centre of its mark. */
  gap: number;
  /** Higher is placed first. */
  weight: number;
  /** The side it stood on last: kept while it costs little, so that tags do not hop as trucks move. */
  side?: number | undefined;
}

export interface PlacedTag {
  id: string;
  left: number;
  top: number;
  side: number;
}

const CHANGE_OF_SIDE_COST = 600;

const overlapArea = (a: Box, b: Box) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

function candidates({ x, y, width, height, gap }: TagRequest): Box[] {
  const at = (left: number, top: number): Box => ({ left, top, right: left + width, bottom: top + height });
  const diagonal = gap * 0.8;
  return [
    at(x + gap, y - height / 2),
    at(x + diagonal, y - gap - height),
    at(x - width / 2, y - gap - height),
    at(x - gap - width, y - height / 2),
    at(x - diagonal - width, y - gap - height),
    at(x + diagonal, y + gap),
    at(x - width / 2, y + gap + 14),
    at(x - diagonal - width, y + gap),
  ];
}

/**
 * `area` is the free part of the map, `obstacles` the marks. A tag whose mark lies outside the area is left out;
 * where no place is free the least covered one is taken.
 */
export function layoutTags(
  requests: readonly TagRequest[],
  area: Box,
  obstacles: readonly Box[],
): PlacedTag[] {
  const taken: Box[] = [];
  const placed: PlacedTag[] = [];
  for (const request of [...requests].sort((a, b) => b.weight - a.weight)) {
    const { x, y } = request;
    if (x < area.left || x > area.right || y < area.top || y > area.bottom) continue;
    let best: (Box & { side: number }) | null = null;
    let bestCost = Infinity;
    candidates(request).forEach((box, side) => {
      const inside = overlapArea(box, area);
      const change = request.side !== undefined && request.side !== side ? CHANGE_OF_SIDE_COST : 0;
      let cost = change + side * 8 + (request.width * request.height - inside) * 4;
      for (const other of taken) cost += overlapArea(box, other) * 6;
      for (const mark of obstacles) cost += overlapArea(box, mark);
      if (cost < bestCost) [best, bestCost] = [{ ...box, side }, cost];
    });
    const box = best as (Box & { side: number }) | null;
    if (!box) continue;
    taken.push(box);
    placed.push({ id: request.id, left: Math.round(box.left), top: Math.round(box.top), side: box.side });
  }
  return placed;
}
