import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticateSession } from '../access/sessions.ts';
import type { Services } from './services.ts';
import { readSessionCookie, sessionCookie } from './session-cookie.ts';
import type { Context } from './context.ts';

/** The token of an `Authorization: Bearer` header; null when there is none. */
export function bearerOf(request: Pick<FastifyRequest, 'headers'>): string | null {
  const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  return match ? match[1]! : null;
}

/** Who calls: by bearer token, else by cookie, else nobody. A cookie whose session slid is written again. */
export async function identify(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Context> {
  const cookie = sessionCookie(reply, services.config.publicUrl?.startsWith('https:') ?? false);
  const bearer = bearerOf(request);
  const token = bearer ?? readSessionCookie(request);
  const session = token === null ? null : await authenticateSession(services.store.database, token);
  if (session?.extended && bearer === null && token !== null) cookie.set(token, session.expiresAt);
  return {
    services,
    actor: session?.actor ?? { kind: 'citizen', address: request.ip },
    address: request.ip,
    sessionId: session?.sessionId ?? null,
    cookie,
    requestId: request.id,
  };
}
