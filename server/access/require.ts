import { roleCovers, type Actor, type Role } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';

/**
 * A verb's own check of who acts; the API checks too. The product itself (`system`, `planner`) may do anything.
 * @throws DomainError `not-signed-in`, `wrong-role`
 */
export function requireRole(actor: Actor, ...roles: Role[]): void {
  if (actor.kind === 'system' || actor.kind === 'planner') return;
  if (actor.kind !== 'user') throw new DomainError('not-signed-in', 'Sign in first.');
  if (!roles.some((needed) => roleCovers(actor.role, needed))) {
    throw new DomainError('wrong-role', 'Your role does not allow this.', { needs: roles });
  }
}
