import { z } from 'zod';
import type { StopKind, StopState } from './plan.ts';
import type { EvidenceGrade } from './visits.ts';

const place = z.object({ lat: z.number(), lon: z.number() });

/** A truck's day in numbers. `movingS + idleS + parkedS + unknownS` is the time its track covers. */
export const daySummary = z.object({
  distanceM: z.number(),
  movingS: z.number(),
  /** Standing with the engine on; where nobody tells of the engine, standing within a trip. */
  idleS: z.number(),
  parkedS: z.number(),
  /** Silences after which the truck was somewhere else: nobody knows. */
  unknownS: z.number(),
  /** Metres a second; null when nothing moved. */
  maxSpeed: z.number().nullable(),
  trips: z.number().int(),
  fixes: z.number().int(),
});
export type DaySummary = z.infer<typeof daySummary>;

/** From setting out to a long stand. Instants in ms since the epoch. */
export const tripView = z.object({
  fromT: z.number(),
  toT: z.number(),
  start: place,
  end: place,
  distanceM: z.number(),
  movingS: z.number(),
  idleS: z.number(),
  maxSpeed: z.number().nullable(),
});
export type TripView = z.infer<typeof tripView>;

export const standView = place.extend({
  fromT: z.number(),
  toT: z.number(),
  idleS: z.number(),
  parkedS: z.number(),
  /** Within a trip, which goes on after it. */
  inTrip: z.boolean(),
});
export type StandView = z.infer<typeof standView>;

export const dayHistory = z.object({
  trips: z.array(tripView),
  stands: z.array(standView),
  summary: daySummary,
});
export type DayHistory = z.infer<typeof dayHistory>;

export const EMPTY_SUMMARY: DaySummary = {
  distanceM: 0,
  movingS: 0,
  idleS: 0,
  parkedS: 0,
  unknownS: 0,
  maxSpeed: null,
  trips: 0,
  fixes: 0,
};

/** A local day, `YYYY-MM-DD` in Latacunga. */
export interface TruckDay {
  day: string;
  summary: DaySummary;
}

/** A stop as it was served. Instants are ISO. */
export interface ServedStop {
  id: number;
  kind: StopKind;
  state: StopState;
  address: string | null;
  lat: number;
  lon: number;
  incidentId: number | null;
  arrivedAt: string | null;
  leftAt: string | null;
  finishedAt: string | null;
  failReason: string | null;
  closedBy: 'word' | 'visit' | null;
  evidence: EvidenceGrade | null;
}
