/** Limits a device is held to, from the contract. */
export const FRAMES_PER_S = 50;
export const FRAME_BURST = 500;
export const FIXES_PER_DAY = 200_000;
/** A device still at this multiple of its rate after `FLOOD_AFTER_MS` is no backlog but a flood. */
export const FLOOD_FACTOR = 10;
export const FLOOD_AFTER_MS = 10_000;
/** A flood keeps its rate through every window of the probe; a backlog dries up within it. */
const PROBE_MS = 3_000;
const PROBE_WINDOWS = 6;

const DAY_MS = 86_400_000;

export interface RateLimits {
  framesPerS: number;
  frameBurst: number;
  fixesPerDay: number;
  floodAfterMs: number;
  probeMs: number;
}

export const DEVICE_LIMITS: RateLimits = {
  framesPerS: FRAMES_PER_S,
  frameBurst: FRAME_BURST,
  fixesPerDay: FIXES_PER_DAY,
  floodAfterMs: FLOOD_AFTER_MS,
  probeMs: PROBE_MS,
};

/** A device's budget: it may go into debt by what was read in one go, and reads nothing until that is paid. */
export interface Budget {
  frames: number;
  fixes: number;
  atMs: number;
  /** Since when it has been over its rate without pause; null when within. */
  overSinceMs: number | null;
  /** An open look at what the device offers: since when, and the window being counted. */
  probe: { sinceMs: number; windowSinceMs: number; windowFrames: number } | null;
}

export function fullBudget(nowMs: number, limits: RateLimits = DEVICE_LIMITS): Budget {
  return {
    frames: limits.frameBurst,
    fixes: limits.fixesPerDay,
    atMs: nowMs,
    overSinceMs: null,
    probe: null,
  };
}

/** Takes a frame of `fixes` fixes from the budget (changed in place). `wait` > 0: read nothing for so long. */
export function spend(
  budget: Budget,
  nowMs: number,
  fixes: number,
  limits: RateLimits = DEVICE_LIMITS,
): { waitMs: number; flood: boolean } {
  refill(budget, nowMs, limits);
  // A debt is never deeper than a burst, so that a drained backlog delays live fixes by seconds, not minutes.
  budget.frames = Math.max(-limits.frameBurst, budget.frames - 1);
  budget.fixes -= fixes;
  if (budget.probe) return judgeProbe(budget, budget.probe, nowMs, limits);
  const waitMs = waitFor(budget, limits);
  if (budget.frames < 0) budget.overSinceMs ??= nowMs;
  return { waitMs, flood: false };
}

/**
 * Called when a pause ends. A device that has been over its rate for ten seconds is looked at openly for a moment:
 * a backlog dries up, a flood does not. Returns how much longer to wait; 0 = read again.
 */
export function resume(budget: Budget, nowMs: number, limits: RateLimits = DEVICE_LIMITS): number {
  refill(budget, nowMs, limits);
  if (budget.overSinceMs !== null && !budget.probe && nowMs - budget.overSinceMs >= limits.floodAfterMs) {
    budget.probe = { sinceMs: nowMs, windowSinceMs: nowMs, windowFrames: 0 };
    return 0;
  }
  const waitMs = waitFor(budget, limits);
  if (waitMs === 0) return 0;
  const untilProbeMs =
    budget.overSinceMs === null ? waitMs : budget.overSinceMs + limits.floodAfterMs - nowMs;
  return Math.max(1, Math.min(waitMs, untilProbeMs));
}

/** What `spend` would have to wait for now, in ms, without taking anything. */
export function waitFor(budget: Budget, limits: RateLimits): number {
  const framesMs = budget.frames >= 0 ? 0 : (-budget.frames / limits.framesPerS) * 1_000;
  const fixesMs = budget.fixes >= 0 ? 0 : (-budget.fixes / limits.fixesPerDay) * DAY_MS;
  return Math.ceil(Math.max(framesMs, fixesMs));
}

function refill(budget: Budget, nowMs: number, limits: RateLimits): void {
  const elapsedMs = Math.max(0, nowMs - budget.atMs);
  budget.atMs = Math.max(nowMs, budget.atMs);
  budget.frames = Math.min(limits.frameBurst, budget.frames + (elapsedMs / 1_000) * limits.framesPerS);
  budget.fixes = Math.min(limits.fixesPerDay, budget.fixes + (elapsedMs / DAY_MS) * limits.fixesPerDay);
  if (budget.frames >= limits.framesPerS) {
    budget.overSinceMs = null;
    budget.probe = null;
  }
}

function judgeProbe(
  budget: Budget,
  probe: NonNullable<Budget['probe']>,
  nowMs: number,
  limits: RateLimits,
): { waitMs: number; flood: boolean } {
  probe.windowFrames += 1;
  const windowMs = nowMs - probe.windowSinceMs;
  if (windowMs < limits.probeMs / PROBE_WINDOWS) return { waitMs: 0, flood: false };
  const isFlooding = (probe.windowFrames * 1_000) / windowMs >= limits.framesPerS * FLOOD_FACTOR;
  if (isFlooding && nowMs - probe.sinceMs >= limits.probeMs) return { waitMs: 0, flood: true };
  if (isFlooding) {
    probe.windowSinceMs = nowMs;
    probe.windowFrames = 0;
    return { waitMs: 0, flood: false };
  }
  budget.probe = null;
  budget.overSinceMs = nowMs;
  return { waitMs: waitFor(budget, limits), flood: false };
}
