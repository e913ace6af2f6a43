import { context, trace, type Span } from '@opentelemetry/api';
import type { LiveUpdate } from '../live/hub.ts';
import { beginSpan } from '../ops/spans.ts';
import type { Intake } from './intake.ts';

/** Follows single fixes from their frame to the first screen that was given them. */
export interface FixTrace {
  /** From now on a frame that passes this intake is followed now and then. */
  watch(intake: Intake): void;
  /** A tick of the live feed, and how many screens read it. */
  onTick(update: LiveUpdate, screens: number): void;
  /** A screen came back for more after this update was written to it. */
  onDelivered(update: LiveUpdate): void;
}

interface Followed {
  root: Span;
  part: Span;
  truckId: number;
  t: number;
  startedMs: number;
  step: 'ingest' | 'hub' | 'screen';
}

const EVERY_MS = 1_000;
const LOST_MS = 10_000;

/**
 * At most one frame a second is followed, and one at a time: a fleet sends tens of thousands, and how long the way is
 * shows in a sample. Spans: `fix` over `fix.ingest` (queue and commit), `fix.hub` (until the tick), `fix.screen`.
 *
 * @param clock milliseconds
 */
export function createFixTrace(clock: () => number): FixTrace {
  let followed: Followed | null = null;
  let lastMs = -EVERY_MS;

  function end(outcome: string): void {
    if (followed === null) return;
    followed.part.end();
    followed.root.setAttribute('epagal.outcome', outcome);
    followed.root.end();
    followed = null;
  }

  function begin(deviceId: number, truckId: number, t: number): Followed | null {
    const nowMs = clock();
    if (followed !== null && nowMs - followed.startedMs > LOST_MS) end('lost from sight');
    if (followed !== null || nowMs - lastMs < EVERY_MS) return null;
    lastMs = nowMs;
    const root = beginSpan('fix', { 'epagal.device_id': deviceId, 'epagal.truck_id': truckId });
    if (!root.isRecording()) return null;
    followed = { root, part: childOf(root, 'fix.ingest'), truckId, t, startedMs: nowMs, step: 'ingest' };
    return followed;
  }

  function proceed(step: 'hub' | 'screen'): void {
    if (followed === null) return;
    followed.part.end();
    followed.part = childOf(followed.root, `fix.${step}`);
    followed.step = step;
  }

  return {
    watch(intake) {
      const take = intake.take;
      intake.take = (device, fixes, done, failed) => {
        const t = newestOf(fixes);
        const mine = t === null ? null : begin(device.id, device.truckId, t);
        if (mine === null) return take(device, fixes, done, failed);
        take(
          device,
          fixes,
          (stored, duplicate, rejected) => {
            done(stored, duplicate, rejected);
            if (followed !== mine) return;
            if (stored === 0) end('nothing stored');
            else proceed('hub');
          },
          () => {
            failed();
            if (followed === mine) end('not stored');
          },
        );
      };
    },
    onTick({ trucks }, screens) {
      const { step, truckId, t } = followed ?? {};
      if (step !== 'hub' || !trucks.some((truck) => truck.truckId === truckId && truck.t >= t!)) return;
      if (screens === 0) end('no screen reads');
      else proceed('screen');
    },
    onDelivered({ trucks }) {
      const { step, truckId, t } = followed ?? {};
      if (step === 'screen' && trucks.some((truck) => truck.truckId === truckId && truck.t >= t!))
        end('shown');
    },
  };
}

function childOf(parent: Span, name: string): Span {
  return context.with(trace.setSpan(context.active(), parent), () => beginSpan(name, {}));
}

/** Of what may be anything: it is judged after this. */
function newestOf(fixes: readonly unknown[]): number | null {
  let newest: number | null = null;
  for (const fix of fixes) {
    const t: unknown = typeof fix === 'object' && fix !== null ? (fix as { t?: unknown }).t : null;
    if (typeof t === 'number' && (newest === null || t > newest)) newest = t;
  }
  return newest;
}
