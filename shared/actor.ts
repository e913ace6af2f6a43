import { z } from 'zod';

export const ROLES = ['admin', 'supervisor', 'operator', 'driver', 'citizen'] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;

/** Who did it. Written beside every event; `planner` and `system` act by rule, never by a person's hand. */
export type Actor =
  | { kind: 'user'; id: number; role: Role; username: string; driverId?: number }
  | { kind: 'device'; id: number; truckId: number }
  | { kind: 'citizen'; address?: string }
  | { kind: 'planner' }
  | { kind: 'system' };

export const SYSTEM: Actor = { kind: 'system' };
export const PLANNER: Actor = { kind: 'planner' };

/** admin ⊃ supervisor ⊃ operator; drivers and citizens stand beside that ladder. */
const LADDER: Readonly<Record<Role, number>> = {
  admin: 3,
  supervisor: 2,
  operator: 1,
  driver: 0,
  citizen: 0,
};

/** True when `held` may do what `needed` may. */
export function roleCovers(held: Role, needed: Role): boolean {
  if (held === needed) return true;
  return LADDER[needed] > 0 && LADDER[held] >= LADDER[needed];
}

/** How an actor is named in the event log and in the plan's history. */
export function actorLabel(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return actor.username;
    case 'device':
      return `device:${actor.id}`;
    default:
      return actor.kind;
  }
}
