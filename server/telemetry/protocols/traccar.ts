import type { Fix } from '../../../shared/telemetry.ts';
import { asRecord, instantOf, knownNumber, NO_PLACE_ACCURACY_M, type TrackerPosition } from './osmand.ts';

const KNOT_MPS = 1_852 / 3_600;

/**
 * Traccar's position forwarding: `{"position":{…},"device":{"uniqueId"}}`. Speed in knots, `course` degrees, `fixTime`
 * ISO 8601, `attributes.batteryLevel` percent.
 */
export function decodeTraccar(body: unknown): TrackerPosition {
  const { position, device } = asRecord(body);
  const { fixTime, deviceTime, valid, latitude, longitude, speed, course, accuracy, attributes } =
    asRecord(position);
  const { batteryLevel, ignition } = asRecord(attributes);
  const { uniqueId } = asRecord(device);
  const at = fixTime ?? deviceTime;
  const fix: Record<keyof Fix, unknown> = {
    t: typeof at === 'string' ? instantOf(at) : at,
    lat: latitude,
    lon: longitude,
    speed: scaled(knownNumber(speed), KNOT_MPS),
    heading: knownNumber(course),
    accuracy: valid === false ? NO_PLACE_ACCURACY_M : knownNumber(accuracy),
    battery: scaled(knownNumber(batteryLevel), 0.01),
    ignition: typeof ignition === 'boolean' ? ignition : undefined,
  };
  return { id: typeof uniqueId === 'string' ? uniqueId : null, fix };
}

function scaled(value: unknown, factor: number): unknown {
  return typeof value === 'number' ? value * factor : value;
}
