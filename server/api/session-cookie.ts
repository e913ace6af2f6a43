import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SessionCookie } from './context.ts';

const NAME = 'epagal_session';

/** The session's token from the Cookie header; null when there is none. */
export function readSessionCookie(request: Pick<FastifyRequest, 'headers'>): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === NAME) return part.slice(at + 1).trim() || null;
  }
  return null;
}

/** Scripts cannot read it, other sites cannot send it with a form, and it goes in the clear only where all does. */
export function sessionCookie(reply: FastifyReply, isSecure: boolean): SessionCookie {
  const write = (value: string, maxAgeS: number) => {
    const attributes = [`${NAME}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax', `Max-Age=${maxAgeS}`];
    if (isSecure) attributes.push('Secure');
    void reply.header('set-cookie', attributes.join('; '));
  };
  return {
    set: (token, expiresAt) =>
      write(token, Math.max(0, Math.floor((expiresAt.getTime() - Date.now()) / 1_000))),
    clear: () => write('', 0),
  };
}
