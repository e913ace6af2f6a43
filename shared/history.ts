import { z } from 'zod';

/** A truck's day in numbers. `movingS + idleS + parkedS + unknownS` is the length of its track. */
export const daySummary = z.object({
  distanceM: z.number(),
  /** Driving. */
  movingS: z.number(),
  /** Standing with the engine on, or standing within a trip. */
  idleS: z.number(),
  /** Standing with the engine off, between trips. */
  parkedS: z.number(),
  /** Gaps in the track longer than the rule allows: nobody knows. */
  unknownS: z.number(),
  /** Metres a second; null when nothing moved. */
  maxSpeed: z.number().nullable(),
  trips: z.number().int(),
  fixes: z.number().int(),
});
export type DaySummary = z.infer<typeof daySummary>;
