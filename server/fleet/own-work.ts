import { roleCovers, type Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';

/**
 * A supervisor may act on any route, a driver on the one assigned to them.
 * @throws DomainError `not-yours`, `wrong-role`, `not-signed-in`
 */
export function requireOwnWork(actor: Actor, assignedDriverId: number | null): void {
  if (actor.kind === 'system' || actor.kind === 'planner') return;
  if (actor.kind !== 'user') throw new DomainError('not-signed-in', 'Sign in first.');
  if (roleCovers(actor.role, 'supervisor')) return;
  if (actor.role !== 'driver') throw new DomainError('wrong-role', 'Your role does not allow this.');
  if (actor.driverId === undefined || actor.driverId !== assignedDriverId) {
    throw new DomainError('not-yours', 'This route is not assigned to you.');
  }
}
