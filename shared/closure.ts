import { z } from 'zod';

const MAX_CORNERS = 200;

export const closureInput = z.object({
  /** The closed area as a ring of [lon, lat]; the last corner need not repeat the first. */
  ring: z
    .array(z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]))
    .min(3)
    .max(MAX_CORNERS),
  reason: z.string().trim().min(1).max(200),
  /** ISO instant at which the street opens again by itself; left out: until somebody opens it. */
  endsAt: z.iso.datetime({ offset: true }).optional(),
});
export type ClosureInput = z.infer<typeof closureInput>;

export const closureView = z.object({
  id: z.number().int(),
  ring: z.array(z.tuple([z.number(), z.number()])),
  reason: z.string(),
  startsAt: z.string(),
  endsAt: z.string().nullable(),
  actor: z.string(),
});
export type ClosureView = z.infer<typeof closureView>;
