import { z } from 'zod';

/** Limits of the device protocol, from the contract. */
export const MAX_FIXES_PER_FRAME = 1_000;
export const MAX_FRAME_BYTES = 256 * 1024;

/**
 * One position as a device sends it. Only t, lat and lon are required. Numbers out of range are not a schema
 * matter: they are refused per fix with a reason, so that the rest of the frame is kept.
 */
export interface Fix {
  /** Milliseconds since the epoch, by the device's clock. */
  t: number;
  lat: number;
  lon: number;
  /** Metres a second. */
  speed?: number;
  /** Degrees, 0 = north, clockwise. */
  heading?: number;
  /** Metres. */
  accuracy?: number;
  /** 0–1. */
  battery?: number;
  ignition?: boolean;
}

export const REJECT_REASONS = ['malformed', 'out-of-range', 'future', 'too-old', 'low-accuracy'] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Why a stored fix stays out of the line, the latest position and the visits. */
export const FIX_FLAGS = ['jump'] as const;
export type FixFlag = (typeof FIX_FLAGS)[number];

export interface Ack {
  ack: number;
  stored: number;
  duplicate: number;
  rejected: { index: number; reason: RejectReason }[];
}

export const TRUCK_LIVE_STATES = ['moving', 'stopped', 'stale', 'offline'] as const;
export const truckLiveState = z.enum(TRUCK_LIVE_STATES);
export type TruckLiveState = z.infer<typeof truckLiveState>;

/** A truck's latest position as screens receive it. `t` in ms since the epoch, `speed` in m/s. */
export const liveTruck = z.object({
  truckId: z.number().int(),
  lat: z.number(),
  lon: z.number(),
  heading: z.number().nullable(),
  speed: z.number().nullable(),
  t: z.number(),
  state: truckLiveState,
});
export type LiveTruck = z.infer<typeof liveTruck>;

export const trackView = z.object({
  fixes: z.array(
    z.object({
      t: z.number(),
      lat: z.number(),
      lon: z.number(),
      speed: z.number().optional(),
      heading: z.number().optional(),
      accuracy: z.number().optional(),
      flag: z.enum(FIX_FLAGS).optional(),
    }),
  ),
  /** There on a track of more fixes than are told at once: how many there are, and how far off the way told is at most. */
  thinned: z.object({ of: z.number().int(), toleranceM: z.number() }).optional(),
});
export type TrackView = z.infer<typeof trackView>;
