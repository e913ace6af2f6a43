import { fastifyRequestHandler } from '@trpc/server/adapters/fastify';
import type { FastifyInstance } from 'fastify';
import { appRouter } from './app-router.ts';
import { domainErrorOf } from './errors.ts';
import { identify } from './identify.ts';
import type { Services } from './services.ts';

/** tRPC under /trpc: queries by GET, mutations by POST, subscriptions as event streams that end when the server stops. */
export function mountTrpc(app: FastifyInstance, services: Services): void {
  const { log, metrics } = services;
  void app.register(async (scope) => {
    // tRPC parses JSON itself and answers what is no JSON in its own form.
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    const streams = new Set<{ destroy(): void }>();
    scope.addHook('preClose', (done) => {
      for (const stream of streams) stream.destroy();
      done();
    });
    scope.all<{ Params: { path: string } }>('/trpc/:path', async (request, reply) => {
      if (request.headers.accept?.includes('text/event-stream')) {
        streams.add(reply.raw);
        reply.raw.once('close', () => streams.delete(reply.raw));
      }
      // What one person was told is in no cache for the next.
      void reply.header('cache-control', 'no-store');
      // A procedure without input may be called without a body.
      if (request.method === 'POST' && request.body === undefined) {
        request.raw.headers['content-type'] ??= 'application/json';
      }
      await fastifyRequestHandler({
        router: appRouter,
        req: request,
        res: reply,
        path: request.params.path,
        createContext: () => identify(services, request, reply),
        onError({ error, path }) {
          if (error.code !== 'INTERNAL_SERVER_ERROR' || domainErrorOf(error)) return;
          metrics?.unexpectedErrors.inc();
          log.error({ requestId: request.id, path, err: error.cause ?? error }, 'a procedure failed');
        },
      });
    });
  });
}
