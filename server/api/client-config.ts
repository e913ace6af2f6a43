import type { FastifyInstance } from 'fastify';
import type { Rules } from '../../shared/rules.ts';
import { currentRules } from '../rules/current.ts';
import type { Services } from './services.ts';

export interface ClientConfig {
  /** Public token; null: the product's own base map. */
  mapboxToken: string | null;
  /** True when the streets are invented: the map says so. */
  synthetic: boolean;
  release: string;
  sentryDsn: string | null;
  sentryEnvironment: string;
  sentrySampleRate: number;
  locale: 'es-EC';
  /** Seconds within which each type is attended to, by the rules in force; null while they cannot be read. */
  windowSByType: Rules['windowSByType'] | null;
}

/** What a page has to know before anybody signs in; no secret is among it. */
export function serveClientConfig(app: FastifyInstance, services: Services): void {
  const { config, release } = services;
  app.get('/client-config', async (_request, reply) => {
    const answer: ClientConfig = {
      mapboxToken: config.mapboxToken,
      synthetic: services.synthetic?.() ?? false,
      release,
      sentryDsn: config.sentryDsn,
      sentryEnvironment: config.sentryEnvironment,
      sentrySampleRate: config.sentrySampleRate,
      locale: 'es-EC',
      windowSByType: await currentRules(services.store.database.db).then(
        ({ rules }) => rules.windowSByType,
        // The page itself has to open also while the database is away.
        () => null,
      ),
    };
    return reply.header('cache-control', 'no-store').send(answer);
  });
}
