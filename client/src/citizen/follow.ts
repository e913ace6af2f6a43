/** A report's story as steps: what is behind, where it is, what comes. Pure. */
import type { IncidentStep, Tracked } from './api.ts';

export interface Step {
  state: IncidentStep;
  at: string | null;
  phase: 'done' | 'now' | 'next';
}

const ROAD: readonly IncidentStep[] = ['pending', 'validated', 'assigned', 'completed'];

/** The instant a state was last entered. */
const lastAt = (tracked: Tracked, state: IncidentStep) =>
  tracked.history.findLast((entry) => entry.state === state)?.at ?? null;

/**
 * The steps of a report. One that lost its truck is back at "accepted", and "with a truck" lies ahead again. A cancelled
 * one ends where it was cancelled.
 */
export function stepsOf(tracked: Tracked): Step[] {
  if (tracked.state === 'cancelled') {
    const passed = ROAD.filter((state) => lastAt(tracked, state) !== null);
    return [...passed, 'cancelled' as const].map((state) => ({
      state,
      at: lastAt(tracked, state),
      phase: state === 'cancelled' ? 'now' : 'done',
    }));
  }
  const here = ROAD.indexOf(tracked.state);
  return ROAD.map((state, index) => ({
    state,
    at: index <= here ? lastAt(tracked, state) : null,
    phase: index < here || tracked.state === 'completed' ? 'done' : index === here ? 'now' : 'next',
  }));
}

/** True when it had a truck and waits for another. */
export const lostItsTruck = (tracked: Tracked): boolean =>
  tracked.state === 'validated' && lastAt(tracked, 'assigned') !== null;

export const isOver = (tracked: Tracked): boolean =>
  tracked.state === 'completed' || tracked.state === 'cancelled';

/** Codes are read aloud in two halves; dashes do not matter to the server. */
export const spokenCode = (code: string): string =>
  code.length === 10 ? `${code.slice(0, 5)}-${code.slice(5)}` : code;

/** The code of a follow page's address, or null. */
export function codeOf(pathname: string, search: string): string | null {
  const inPath = /^\/seguir\/([^/]+)\/?$/.exec(pathname)?.[1];
  const code = inPath === undefined ? new URLSearchParams(search).get('code') : safeDecode(inPath);
  return code?.replace(/[\s-]/g, '').toUpperCase() || null;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whole minutes until an arrival; a range before a point, never a minute below zero. */
export function minutesUntil(at: string, nowMs: number): number {
  return Math.max(0, Math.round((Date.parse(at) - nowMs) / 60_000));
}
