/** A day's track as lines to draw. Pure. */
import type { LonLat } from '../../../shared/geo.ts';
import type { TripView } from '../../../shared/history.ts';

export interface DayFix {
  t: number;
  lat: number;
  lon: number;
  flag?: string | undefined;
}

/** A gap longer than this breaks the line: nobody knows what lies between. */
const GAP_MS = 300_000;

/** The plausible fixes between two instants (both included), broken where the track has a gap. */
export function linesBetween(fixes: readonly DayFix[], fromT: number, toT: number): LonLat[][] {
  const lines: LonLat[][] = [];
  let before: DayFix | null = null;
  for (const fix of fixes) {
    if (fix.flag !== undefined || fix.t < fromT || fix.t > toT) continue;
    if (before === null || fix.t - before.t > GAP_MS) lines.push([]);
    lines.at(-1)!.push([fix.lon, fix.lat]);
    before = fix;
  }
  return lines.filter((line) => line.length > 1);
}

/** West, south, east, north of some lines; null when there are none. */
export function boundsOf(lines: readonly (readonly LonLat[])[]): [number, number, number, number] | null {
  let bounds: [number, number, number, number] | null = null;
  for (const [lon, lat] of lines.flat()) {
    bounds =
      bounds === null
        ? [lon, lat, lon, lat]
        : [
            Math.min(bounds[0], lon),
            Math.min(bounds[1], lat),
            Math.max(bounds[2], lon),
            Math.max(bounds[3], lat),
          ];
  }
  return bounds;
}

/** From setting out to arriving, in seconds. */
export const tripSpanS = (trip: TripView): number => (trip.toT - trip.fromT) / 1_000;

/** A calendar day so many days before or after; "2026-11-24". */
export function dayShifted(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
