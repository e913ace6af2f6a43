import type { Fix } from '../../../shared/telemetry.ts';
import { asRecord, knownNumber } from './osmand.ts';

/**
 * OwnTracks' location message: `tst` s since the epoch, `vel` km/h, `cog` degrees, `acc` m, `batt` percent. Null for
 * every other kind of message, which is acknowledged and ignored.
 */
export function decodeOwntracks(body: unknown): { fix: unknown } | null {
  const { _type: type, tst, lat, lon, vel, cog, acc, batt } = asRecord(body);
  if (type !== 'location') return null;
  const fix: Record<keyof Fix, unknown> = {
    t: typeof tst === 'number' ? tst * 1_000 : tst,
    lat,
    lon,
    speed: scaled(knownNumber(vel), 1 / 3.6),
    heading: knownNumber(cog),
    accuracy: knownNumber(acc),
    battery: scaled(knownNumber(batt), 0.01),
    ignition: undefined,
  };
  return { fix };
}

function scaled(value: unknown, factor: number): unknown {
  return typeof value === 'number' ? value * factor : value;
}
