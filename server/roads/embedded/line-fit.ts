/** Straight lines through drawn points, in plain fixed-point degrees as OSRM's turn geometry reckons them. */
export type Point = readonly [lon: number, lat: number];

/** A fitted line is drawn this much past its extent (1e-5 degree), so that its ends can be projected on it. */
const BEYOND = 10;

/** The point of a segment nearest to another point. */
export function projectedOn([a, b]: readonly [Point, Point], point: Point): Point {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const squared = dx * dx + dy * dy;
  if (squared === 0) return a;
  const along = (dx * (point[0] - a[0]) + dy * (point[1] - a[1])) / squared;
  const share = Math.max(0, Math.min(1, along));
  return [Math.round(a[0] + dx * share), Math.round(a[1] + dy * share)];
}

/** Least-squares line through two points or more, over their whole extent; steep lines are fitted sideways. */
export function fittedLine(points: readonly Point[]): readonly [Point, Point] {
  const lons = points.map(([lon]) => lon);
  const lats = points.map(([, lat]) => lat);
  const lonRange = Math.max(...lons) - Math.min(...lons);
  const latRange = Math.max(...lats) - Math.min(...lats);
  if (latRange > 2 * lonRange) {
    const [first, second] = fitted(lats, lons);
    return [
      [first[1], first[0]],
      [second[1], second[0]],
    ];
  }
  return fitted(lons, lats);
}

/** Fits y over x; the ends lie just outside the least and the greatest x. */
function fitted(x: readonly number[], y: readonly number[]): readonly [Point, Point] {
  const n = x.length;
  const meanX = x.reduce((sum, value) => sum + value, 0) / n;
  const meanY = y.reduce((sum, value) => sum + value, 0) / n;
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < n; i++) {
    xx += (x[i]! - meanX) ** 2;
    xy += (x[i]! - meanX) * (y[i]! - meanY);
  }
  if (xx === 0) {
    return [
      [x[0]!, y[0]!],
      [x[n - 1]!, y[n - 1]!],
    ];
  }
  const slope = xy / xx;
  const at = (value: number): Point => [value, Math.round(meanY + slope * (value - meanX))];
  return [at(Math.min(...x) - BEYOND), at(Math.max(...x) + BEYOND)];
}
