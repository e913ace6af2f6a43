import { z } from 'zod';

/** Ids are positive integers. */
export const id = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
export const byId = z.object({ id });

/** An input whose every field is optional may be absent altogether. */
export const optional = <Shape extends z.ZodObject>(shape: Shape) => shape.prefault({} as z.input<Shape>);

/** The last year whose dates the database and we write alike. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** An instant: ISO 8601 with its zone, or milliseconds since the epoch. */
export const instant = z
  .union([z.iso.datetime({ offset: true }), z.number().int()])
  .refine((value) => inOurTime(new Date(value).getTime()), 'An instant lies between 1970 and 9999.');

function inOurTime(ms: number): boolean {
  return ms >= 0 && ms <= LAST_MS;
}
