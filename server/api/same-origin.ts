import type { FastifyInstance } from 'fastify';
import { bearerOf } from './identify.ts';
import { readSessionCookie } from './session-cookie.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A change that is authorised by the cookie alone must come from our own pages: a browser tells where from, in `Origin`
 * or `Sec-Fetch-Site`. Programs that are no browser send neither and hold no cookie of somebody else.
 */
export function requireSameOrigin(app: FastifyInstance, publicUrl: string | null): void {
  app.addHook('onRequest', async (request, reply) => {
    if (SAFE.has(request.method) || bearerOf(request) !== null || readSessionCookie(request) === null) return;
    const { origin } = request.headers;
    const site = request.headers['sec-fetch-site'];
    const isForeign =
      origin === undefined
        ? site !== undefined && site !== 'same-origin' && site !== 'none'
        : !isOurs(origin, request.host, publicUrl);
    if (!isForeign) return;
    await reply
      .code(403)
      .send({ error: { message: 'Another site may not act for you.', reason: 'foreign-origin' } });
  });
}

function isOurs(origin: string, host: string, publicUrl: string | null): boolean {
  if (publicUrl !== null && origin === new URL(publicUrl).origin) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
