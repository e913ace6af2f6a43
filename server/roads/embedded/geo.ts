/**
 * Geometry on OSRM's terms: coordinates are integers of 1e-6 degree, lengths are great-circle metres, projections
 * onto segments happen in Web Mercator degrees. Pure functions over numbers, so that the hot loops stay allocation-free.
 */
export const PRECISION = 1e6;
const RAD = Math.PI / 180;
const MAX_MERCATOR_LAT = 85.05112877980659;

/** Degrees to fixed-point units. */
export function toFixed(degrees: number): number {
  return Math.round(degrees * PRECISION);
}

/** Metres per degree of longitude and latitude on the WGS84 ellipsoid, in the middle of each 0.05 degree of latitude. */
const RULER_STEP = PRECISION * 0.05;
const rulers = new Float64Array(2 * 1801);
for (let i = 0; i <= 1800; i++) {
  const cos = Math.cos(((i + 0.5) * RULER_STEP * RAD) / PRECISION);
  const flattening = 1 / 298.257223563;
  const e2 = flattening * (2 - flattening);
  const w2 = 1 / (1 - e2 * (1 - cos * cos));
  const metres = RAD * 6_378_137 * Math.sqrt(w2);
  rulers[i * 2] = metres * cos;
  rulers[i * 2 + 1] = metres * w2 * (1 - e2);
}

/**
 * Metres between two fixed-point coordinates: a local flat projection of the ellipsoid (as OSRM 6 and Mapbox's cheap
 * ruler do), exact to a fraction of a per mille up to some hundred kilometres.
 */
export function distanceM(lonA: number, latA: number, lonB: number, latB: number): number {
  const bin = Math.floor(Math.abs((latA + latB) / 2) / RULER_STEP) * 2;
  const x = ((lonA - lonB) / PRECISION) * rulers[bin]!;
  const y = ((latA - latB) / PRECISION) * rulers[bin + 1]!;
  return Math.sqrt(x * x + y * y);
}

/** Initial bearing in degrees [0, 360) from A to B; 0 is north, 90 east. */
export function bearing(lonA: number, latA: number, lonB: number, latB: number): number {
  const lat1 = (latA / PRECISION) * RAD;
  const lat2 = (latB / PRECISION) * RAD;
  const dLon = ((lonB - lonA) / PRECISION) * RAD;
  const y = Math.sin(dLon) * Math.cos(lat2);
  const x = Math.cos(lat1) * Math.sin(lat2) - Math.sin(lat1) * Math.cos(lat2) * Math.cos(dLon);
  const degrees = Math.atan2(y, x) / RAD;
  return degrees < 0 ? degrees + 360 : degrees >= 360 ? 0 : degrees;
}

export function reverseBearing(degrees: number): number {
  return degrees >= 180 ? degrees - 180 : degrees + 180;
}

/** Turn angle of OSRM: 180 is straight on, below it right, above it left, 0 back the way one came. */
export function turnAngle(bearingIn: number, bearingOut: number): number {
  const angle = bearingIn - bearingOut + 180;
  return angle < 0 ? angle + 360 : angle >= 360 ? angle - 360 : angle;
}

/** Smallest difference between two angles, 0 to 180. */
export function angularDeviation(a: number, b: number): number {
  const deviation = Math.abs(a - b) % 360;
  return Math.min(deviation, 360 - deviation);
}

/** Fixed-point latitude to Mercator degrees (longitude needs no change). */
export function mercatorY(lat: number): number {
  const clamped = Math.max(-MAX_MERCATOR_LAT, Math.min(MAX_MERCATOR_LAT, lat / PRECISION));
  const sin = Math.sin(clamped * RAD);
  return (0.5 * Math.log((1 + sin) / (1 - sin))) / RAD;
}

/** Mercator degrees back to fixed-point latitude. */
export function latOfMercatorY(y: number): number {
  return toFixed((2 * Math.atan(Math.exp(y * RAD)) - Math.PI / 2) / RAD);
}

/** Share [0, 1] along segment A–B (Mercator) of the point nearest to P. */
export function projectionRatio(
  aX: number,
  aY: number,
  bX: number,
  bY: number,
  pX: number,
  pY: number,
): number {
  const dX = bX - aX;
  const dY = bY - aY;
  const squared = dX * dX + dY * dY;
  if (squared < 1e-18) return 0;
  const ratio = (dX * (pX - aX) + dY * (pY - aY)) / squared;
  return ratio < 0 ? 0 : ratio > 1 ? 1 : ratio;
}

/** Rounds as the API prints: tenths for seconds and metres. */
export function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
