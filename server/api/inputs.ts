import { z } from 'zod';

/** Ids are positive integers. */
export const id = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
export const byId = z.object({ id });

/** An input whose every field is optional may be absent altogether. */
export const optional = <Shape extends z.ZodObject>(shape: Shape) => shape.prefault({} as z.input<Shape>);
