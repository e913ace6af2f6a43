import { checkFix } from '../../server/telemetry/filters.ts';
import {
  OSMAND_QUERIES,
  OWN_FRAMES,
  OWNTRACKS_BODIES,
  TRACCAR_BODIES,
  TRACCAR_CLIENT_BODIES,
} from '../../server/telemetry/protocols/corpus/frames.ts';
import { decodeFrame } from '../../server/telemetry/protocols/frame.ts';
import { decodeOsmand, decodeTraccarClient } from '../../server/telemetry/protocols/osmand.ts';
import { decodeOwntracks } from '../../server/telemetry/protocols/owntracks.ts';
import { decodeTraccar } from '../../server/telemetry/protocols/traccar.ts';
import { REJECT_REASONS } from '../../shared/telemetry.ts';
import { mangledText, mangledValue, seeded } from './fuzz.ts';

const NOW = Date.parse('2026-11-24T15:00:30Z');
const RULES = { nowMs: NOW, oldestMs: NOW - 7 * 86_400_000 };
const REASONS: ReadonlySet<string> = new Set(REJECT_REASONS);
const FRAME_ERRORS = new Set(['not-json', 'bad-frame', 'too-many-fixes']);

/** The unjudged fixes of one input, decoded; an error where the protocol has words for one. */
type Decode = (random: () => number) => readonly unknown[] | { error: string };

const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? 'null');

/** Each decoder with inputs near its real ones, as the HTTP and websocket layers hand them over. */
export const DECODERS: Readonly<Record<string, Decode>> = {
  'WS /gps': (random) => {
    const decoded = decodeFrame(mangledText(random, OWN_FRAMES));
    return 'error' in decoded ? decoded : decoded.frame.fixes;
  },
  OsmAnd: (random) => {
    const query = mangledText(random, OSMAND_QUERIES);
    return [decodeOsmand(Object.fromEntries(new URLSearchParams(query)), NOW).fix];
  },
  'Traccar Client': (random) =>
    decodeTraccarClient(parsed(mangledValue(random, TRACCAR_CLIENT_BODIES))).map(({ fix }) => fix),
  OwnTracks: (random) => {
    const decoded = decodeOwntracks(parsed(mangledValue(random, OWNTRACKS_BODIES)));
    return decoded === null ? [] : [decoded.fix];
  },
  Traccar: (random) => [decodeTraccar(parsed(mangledValue(random, TRACCAR_BODIES))).fix],
};

export interface FuzzTally {
  inputs: number;
  passed: number;
  refused: number;
  unreadable: number;
}

/**
 * Decodes and judges so many mangled inputs. Every fix must pass as sound numbers or be refused by a word of the
 * contract. @throws Error with the seed and number of the input that did neither
 */
export function fuzz(decode: Decode, inputs: number, seed: number): FuzzTally {
  const tally: FuzzTally = { inputs, passed: 0, refused: 0, unreadable: 0 };
  const random = seeded(seed);
  for (let i = 0; i < inputs; i++) {
    try {
      const decoded = decode(random);
      if ('error' in decoded) {
        if (!FRAME_ERRORS.has(decoded.error)) throw new Error(`unknown word ${decoded.error}`);
        tally.unreadable += 1;
        continue;
      }
      for (const fix of decoded) judge(fix, tally);
    } catch (error) {
      throw new Error(`input ${i} of seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
  return tally;
}

function judge(fix: unknown, tally: FuzzTally): void {
  const verdict = checkFix(fix, RULES);
  if (typeof verdict === 'string') {
    if (!REASONS.has(verdict)) throw new Error(`unknown reason ${verdict}`);
    tally.refused += 1;
    return;
  }
  const { t, lat, lon, speed, heading, accuracy, battery, ignition } = verdict;
  const isSound =
    Number.isSafeInteger(t) &&
    t <= RULES.nowMs + 120_000 &&
    t >= RULES.oldestMs &&
    Math.abs(lat) <= 90 &&
    Math.abs(lon) <= 180 &&
    [speed, heading, accuracy, battery].every(
      (value) => value === null || (Number.isFinite(value) && value >= 0),
    ) &&
    (ignition === null || typeof ignition === 'boolean');
  if (!isSound) throw new Error(`unsound ${JSON.stringify(verdict)}`);
  tally.passed += 1;
}
