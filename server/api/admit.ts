import { roleCovers } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { Access, Context } from './context.ts';

const CALLS_PER_MINUTE = 1_200;

/**
 * Lets a call in or refuses it: first the caller's rate, then who it is.
 * @throws DomainError `too-many-requests`, `not-signed-in`, `wrong-role`
 */
export async function admit(
  ctx: Pick<Context, 'actor' | 'address' | 'sessionId' | 'services'>,
  access: Access | undefined,
): Promise<void> {
  const who = ctx.actor.kind === 'user' ? `user:${ctx.actor.id}:${ctx.sessionId ?? ''}` : ctx.address;
  const rate = await ctx.services.limiter.limit(`calls:${who}`, CALLS_PER_MINUTE, 60);
  if (!rate.allowed) {
    throw new DomainError('too-many-requests', 'Too many calls.', { retryAfterS: rate.retryAfterS });
  }
  if (access === 'public') return;
  if (ctx.actor.kind !== 'user') throw new DomainError('not-signed-in', 'Sign in first.');
  if (access === 'signed-in') return;
  const { role } = ctx.actor;
  if (!access?.some((needed) => roleCovers(role, needed))) {
    throw new DomainError('wrong-role', 'Your role does not allow this.', { needs: access ?? [] });
  }
}
