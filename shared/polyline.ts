import type { LonLat } from './geo.ts';

/**
 * Encoded polylines as Google defined them and OSRM speaks them: each coordinate is a zig-zag difference in base64
 * of five bits. `precision` decimals (5 = about a metre).
 */
export function encodePolyline(line: readonly LonLat[], precision = 5): string {
  const factor = 10 ** precision;
  let out = '';
  let lastLat = 0;
  let lastLon = 0;
  for (const [lon, lat] of line) {
    const nextLat = Math.round(lat * factor);
    const nextLon = Math.round(lon * factor);
    out += encodeDelta(nextLat - lastLat) + encodeDelta(nextLon - lastLon);
    lastLat = nextLat;
    lastLon = nextLon;
  }
  return out;
}

function encodeDelta(delta: number): string {
  let value = delta < 0 ? ~(delta << 1) : delta << 1;
  let out = '';
  while (value >= 0x20) {
    out += String.fromCharCode((0x20 | (value & 0x1f)) + 63);
    value >>>= 5;
  }
  return out + String.fromCharCode(value + 63);
}

/** The inverse of {@link encodePolyline}; a truncated string yields the points before the cut. */
export function decodePolyline(encoded: string, precision = 5): [number, number][] {
  const factor = 10 ** precision;
  const line: [number, number][] = [];
  let index = 0;
  let lat = 0;
  let lon = 0;
  const next = (): number | null => {
    let result = 0;
    let shift = 0;
    for (;;) {
      const code = encoded.charCodeAt(index++);
      if (Number.isNaN(code)) return null;
      const value = code - 63;
      result |= (value & 0x1f) << shift;
      if (value < 0x20) return result & 1 ? ~(result >> 1) : result >> 1;
      shift += 5;
    }
  };
  while (index < encoded.length) {
    const dLat = next();
    const dLon = next();
    if (dLat === null || dLon === null) break;
    lat += dLat;
    lon += dLon;
    line.push([lon / factor, lat / factor]);
  }
  return line;
}
