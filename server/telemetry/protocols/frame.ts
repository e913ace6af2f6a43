import { MAX_FIXES_PER_FRAME } from '../../../shared/telemetry.ts';

/** A frame as the device sent it: fixes are still unjudged. */
export interface Frame {
  seq: number;
  fixes: readonly unknown[];
}

export type FrameError = 'not-json' | 'bad-frame' | 'too-many-fixes';
export type DecodedFrame = { frame: Frame } | { error: FrameError };

/**
 * Reads `{"seq":n,"fixes":[…]}` or a single bare fix `{"seq":n,"t":…,"lat":…,"lon":…}`. Whatever the text, it answers;
 * it never throws.
 */
export function decodeFrame(text: string): DecodedFrame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { error: 'not-json' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { error: 'bad-frame' };
  const { seq, fixes } = value as { seq?: unknown; fixes?: unknown };
  if (typeof seq !== 'number' || !Number.isFinite(seq)) return { error: 'bad-frame' };
  if (fixes === undefined) return { frame: { seq, fixes: [value] } };
  if (!Array.isArray(fixes)) return { error: 'bad-frame' };
  if (fixes.length > MAX_FIXES_PER_FRAME) return { error: 'too-many-fixes' };
  return { frame: { seq, fixes } };
}
