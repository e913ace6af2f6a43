import { mercatorY, PRECISION } from './geo.ts';

const MAX_ZOOM = 19;
const TILE_PIXELS = 256;
/** A bend smaller than this on the screen is not drawn in an overview. */
const VISIBLE_PIXELS = 5;

/** Indices of the points that an overview fitting the whole line on a screen needs (Douglas–Peucker). */
export function overviewPoints(lon: readonly number[], lat: readonly number[]): number[] {
  const x = lon.map((value) => value / PRECISION);
  const y = lat.map(mercatorY);
  const width = Math.max(...x) - Math.min(...x);
  const height = Math.max(...y) - Math.min(...y);
  const zoom = fittingZoom(Math.max(width, height));
  const tolerance = (VISIBLE_PIXELS * 360) / (TILE_PIXELS * 2 ** zoom);
  return douglasPeucker(x, y, tolerance * tolerance);
}

/** Deepest zoom at which the extent still fits a screen of some 840 pixels. */
function fittingZoom(extentDegrees: number): number {
  if (extentDegrees <= 0) return MAX_ZOOM - 1;
  const zoom = Math.floor(Math.log2((360 * 840) / (TILE_PIXELS * extentDegrees)));
  return Math.max(0, Math.min(MAX_ZOOM - 1, zoom));
}

function douglasPeucker(x: readonly number[], y: readonly number[], squaredTolerance: number): number[] {
  const keep = new Uint8Array(x.length);
  keep[0] = keep[x.length - 1] = 1;
  const stack: [number, number][] = [[0, x.length - 1]];
  while (stack.length > 0) {
    const [from, to] = stack.pop()!;
    let most = 0;
    let at = -1;
    for (let i = from + 1; i < to; i++) {
      const off = squaredOff(x, y, from, to, i);
      if (off > most) [most, at] = [off, i];
    }
    if (at >= 0 && most > squaredTolerance) {
      keep[at] = 1;
      stack.push([from, at], [at, to]);
    }
  }
  return [...keep.keys()].filter((i) => keep[i]);
}

function squaredOff(x: readonly number[], y: readonly number[], a: number, b: number, p: number): number {
  const dx = x[b]! - x[a]!;
  const dy = y[b]! - y[a]!;
  const length = dx * dx + dy * dy;
  const ratio =
    length < 1e-18 ? 0 : Math.max(0, Math.min(1, (dx * (x[p]! - x[a]!) + dy * (y[p]! - y[a]!)) / length));
  return (x[a]! + dx * ratio - x[p]!) ** 2 + (y[a]! + dy * ratio - y[p]!) ** 2;
}
