import { DomainError } from '../../shared/errors.ts';
import type { RateLimiter } from './limiter.ts';

const PER_MINUTE = 30;
const PER_DAY = 200;

/** Reports from one address. @throws DomainError `too-many-requests` */
export async function limitReports(limiter: RateLimiter, address: string): Promise<void> {
  const minute = await limiter.limit(`reports:minute:${address}`, PER_MINUTE, 60);
  const day = minute.allowed ? await limiter.limit(`reports:day:${address}`, PER_DAY, 86_400) : minute;
  if (!day.allowed) {
    throw new DomainError('too-many-requests', 'Too many reports from this address.', {
      retryAfterS: day.retryAfterS,
    });
  }
}
