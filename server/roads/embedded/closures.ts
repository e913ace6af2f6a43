import { toFixed } from './geo.ts';
import type { Graph } from './graph.ts';
import type { Closed } from './search.ts';

/** Streets nobody may drive. Coordinates are [lon, lat] in degrees. */
export type Closure =
  | { kind: 'polygon'; ring: readonly (readonly [number, number])[] }
  | { kind: 'segment'; from: readonly [number, number]; to: readonly [number, number] };

/** Within this of a closed segment's line a street piece counts as part of it, fixed-point units (about 3 m). */
const SEGMENT_TOLERANCE = 30;

/** Marks the pieces that closures touch and the lanes that cannot be driven through; null when nothing is closed. */
export function markClosed(graph: Graph, closures: readonly Closure[]): Closed | null {
  if (closures.length === 0) return null;
  const piece = new Uint8Array(graph.streetNode.length);
  let any = false;
  const shapes = closures.map(toShape);
  for (let street = 0; street + 1 < graph.streetStart.length; street++) {
    for (let at = graph.streetStart[street]!; at + 1 < graph.streetStart[street + 1]!; at++) {
      const a = graph.streetNode[at]!;
      const b = graph.streetNode[at + 1]!;
      const ax = graph.nodeLon[a]!;
      const ay = graph.nodeLat[a]!;
      const bx = graph.nodeLon[b]!;
      const by = graph.nodeLat[b]!;
      if (shapes.some((covers) => covers(ax, ay, bx, by))) {
        piece[at] = 1;
        any = true;
      }
    }
  }
  if (!any) return null;
  const lane = new Uint8Array(graph.laneStreet.length);
  for (let l = 0; l < lane.length; l++) {
    const street = graph.laneStreet[l]!;
    for (let at = graph.streetStart[street]!; at + 1 < graph.streetStart[street + 1]!; at++) {
      if (piece[at]) lane[l] = 1;
    }
  }
  return { lane, piece };
}

type Covers = (ax: number, ay: number, bx: number, by: number) => boolean;

function toShape(closure: Closure): Covers {
  if (closure.kind === 'polygon') {
    const ring = closure.ring.map(([lon, lat]) => [toFixed(lon), toFixed(lat)] as const);
    return (ax, ay, bx, by) => polygonTouches(ring, ax, ay, bx, by);
  }
  const fx = toFixed(closure.from[0]);
  const fy = toFixed(closure.from[1]);
  const tx = toFixed(closure.to[0]);
  const ty = toFixed(closure.to[1]);
  return (ax, ay, bx, by) =>
    offSegment(fx, fy, tx, ty, (ax + bx) / 2, (ay + by) / 2) <= SEGMENT_TOLERANCE &&
    (offSegment(fx, fy, tx, ty, ax, ay) <= SEGMENT_TOLERANCE ||
      offSegment(fx, fy, tx, ty, bx, by) <= SEGMENT_TOLERANCE ||
      offSegment(ax, ay, bx, by, fx, fy) <= SEGMENT_TOLERANCE);
}

type Ring = readonly (readonly [number, number])[];

function polygonTouches(ring: Ring, ax: number, ay: number, bx: number, by: number): boolean {
  if (contains(ring, ax, ay) || contains(ring, bx, by)) return true;
  for (let i = 0; i < ring.length; i++) {
    const [px, py] = ring[i]!;
    const [qx, qy] = ring[(i + 1) % ring.length]!;
    if (cross(ax, ay, bx, by, px, py, qx, qy)) return true;
  }
  return false;
}

function contains(ring: Ring, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i]!;
    const [xj, yj] = ring[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

function side(ax: number, ay: number, bx: number, by: number, x: number, y: number): number {
  return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
}

function cross(
  ax: number,
  ay: number,
  bx: number,
  by: number,
  px: number,
  py: number,
  qx: number,
  qy: number,
): boolean {
  return (
    side(ax, ay, bx, by, px, py) > 0 !== side(ax, ay, bx, by, qx, qy) > 0 &&
    side(px, py, qx, qy, ax, ay) > 0 !== side(px, py, qx, qy, bx, by) > 0
  );
}

function offSegment(ax: number, ay: number, bx: number, by: number, x: number, y: number): number {
  const shrink = Math.cos((ay / 1e6) * (Math.PI / 180));
  const dx = (bx - ax) * shrink;
  const dy = by - ay;
  const px = (x - ax) * shrink;
  const py = y - ay;
  const squared = dx * dx + dy * dy;
  const ratio = squared === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / squared));
  return Math.hypot(px - dx * ratio, py - dy * ratio);
}
