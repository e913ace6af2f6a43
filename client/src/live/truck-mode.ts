/** What a truck is doing, as the room shows it: one word per sign of SCREENS.md. */
import type { TruckState } from '../../../shared/fleet.ts';

export const TRUCK_MODES = [
  'driving',
  'stopped',
  'landfill',
  'break',
  'depot',
  'broken',
  'nosignal',
  'full',
] as const;
export type TruckMode = (typeof TRUCK_MODES)[number];

/** A truck on a route that has sent nothing for this long shows as "sin señal". */
export const SIGNAL_LOST_AFTER_MS = 120_000;
const DEPOT_RADIUS_M = 120;
const LANDFILL_RADIUS_M = 250;
const STOPPED_BELOW_MPS = 0.8;
const FULL_FROM_SHARE = 0.9;

export interface ModeInput {
  state: TruckState;
  running: boolean;
  lastFixMs: number | null;
  speedMps: number;
  depotDistanceM: number;
  landfillDistanceM: number;
  loadShare: number;
}

/** The most urgent word wins: broken, then no signal, then where it is, then whether it moves. */
export function truckMode(input: ModeInput, nowMs: number): TruckMode {
  if (input.state === 'out') return 'broken';
  if (input.lastFixMs === null) return input.running ? 'nosignal' : 'depot';
  if (input.running && nowMs - input.lastFixMs > SIGNAL_LOST_AFTER_MS) return 'nosignal';
  if (input.landfillDistanceM < LANDFILL_RADIUS_M) return 'landfill';
  if (input.depotDistanceM < DEPOT_RADIUS_M && input.speedMps < STOPPED_BELOW_MPS) return 'depot';
  if (input.loadShare >= FULL_FROM_SHARE) return 'full';
  return input.speedMps < STOPPED_BELOW_MPS ? 'stopped' : 'driving';
}
