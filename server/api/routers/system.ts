import { z } from 'zod';
import { actorLabel } from '../../../shared/actor.ts';
import { DomainError } from '../../../shared/errors.ts';
import { LOG_LEVELS } from '../../ops/log.ts';
import type { Services } from '../services.ts';
import { procedureFor, router } from '../trpc.ts';

const DAY_MINUTES = 1_440;

function verbosityOf({ verbosity }: Services) {
  if (!verbosity) throw new DomainError('invalid-transition', 'The log level cannot be changed here.');
  return verbosity;
}

function answerOf(services: Services) {
  const verbosity = verbosityOf(services);
  const untilMs = verbosity.untilMs();
  return {
    level: verbosity.level(),
    configured: verbosity.configured,
    until: untilMs === null ? null : new Date(untilMs).toISOString(),
  };
}

/** What an admin turns while the server runs. It holds for the instance that answers. */
export const systemRouter = router({
  logLevel: procedureFor('admin').query(({ ctx }) => answerOf(ctx.services)),
  setLogLevel: procedureFor('admin')
    .input(
      z.object({ level: z.enum(LOG_LEVELS), minutes: z.number().int().min(1).max(DAY_MINUTES).default(60) }),
    )
    .mutation(({ ctx, input }) => {
      verbosityOf(ctx.services).set(input.level, input.minutes * 60_000);
      ctx.services.log.warn(
        { actor: actorLabel(ctx.actor), logLevel: input.level, minutes: input.minutes },
        'the log level was changed',
      );
      return answerOf(ctx.services);
    }),
});
