import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Behind a login; everything else is the citizen's page, an entry of its own that stays small. */
const APP_PAGES = /^\/(login|control|driver|admin)(\/|$)/;
/** Answered in JSON, found or not. */
const MACHINE_PATHS = /^\/(api|trpc|osrm|tiles|gps|photos|health|metrics|client-config)(\/|$)/;

/**
 * The built client. A file's name changes with its content, so assets are kept for ever and pages are asked for each
 * time. A path whose last segment has a dot and that is no file is a 404, never a page.
 */
export function servePages(app: FastifyInstance, clientDir: string | undefined): void {
  if (clientDir !== undefined) {
    void app.register(fastifyStatic, {
      root: clientDir,
      index: false,
      setHeaders(reply, path) {
        const isAsset = path.startsWith(join(clientDir, 'assets'));
        void reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
    app.get('/', (_request, reply) => reply.sendFile('index.html'));
  }
  app.setNotFoundHandler((request, reply) => answerUnknown(request, reply, clientDir !== undefined));
}

function answerUnknown(request: FastifyRequest, reply: FastifyReply, hasClient: boolean): FastifyReply {
  const path = request.url.split('?', 1)[0]!;
  const isFileName = path.slice(path.lastIndexOf('/')).includes('.');
  const isPage =
    (request.method === 'GET' || request.method === 'HEAD') && !isFileName && !MACHINE_PATHS.test(path);
  if (!isPage || !hasClient) {
    return reply.code(404).send({ error: { message: 'Nothing here.', reason: 'not-found' } });
  }
  return reply.sendFile(APP_PAGES.test(path) ? 'app.html' : 'index.html');
}
