import { z } from 'zod';
import type { Zone } from './rules.ts';

/**
 * Evidence that a stop was served. A = track on the street and a result or photo; B = track on the street at collecting
 * speed; C = track within 30 m, or interpolated; D = only somebody's word. No grade = no data.
 */
export const EVIDENCE_GRADES = ['A', 'B', 'C', 'D'] as const;
export const evidenceGrade = z.enum(EVIDENCE_GRADES);
export type EvidenceGrade = z.infer<typeof evidenceGrade>;

/** A place whose visits are noted. */
export type PlaceId = 'depot' | 'landfill' | `zone:${Zone}` | `stop:${number}`;

/** The stop a place stands for; null for any other place. */
export function stopIdOf(place: string): number | null {
  const match = /^stop:(\d+)$/.exec(place);
  return match ? Number(match[1]) : null;
}

export const visitView = z.object({
  truckId: z.number().int(),
  place: z.string(),
  stopId: z.number().int().nullable(),
  arrivedAt: z.string(),
  /** Null while it is there. */
  leftAt: z.string().nullable(),
  /** False: found when its track arrived late. */
  live: z.boolean(),
});
export type VisitView = z.infer<typeof visitView>;
