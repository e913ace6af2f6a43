import type { Actor, Role } from '../../shared/actor.ts';
import type { Services } from './services.ts';

/** Who may call: anybody, anybody signed in, or whoever's role covers one of these. */
export type Access = 'public' | 'signed-in' | readonly [Role, ...Role[]];
export type UserActor = Extract<Actor, { kind: 'user' }>;

/** How a session reaches a browser: as a cookie, next to the bearer token in the answer. */
export interface SessionCookie {
  set(token: string, expiresAt: Date): void;
  clear(): void;
}

export interface Context {
  services: Services;
  actor: Actor;
  /** Of the caller's connection; behind a proxy only when TRUST_PROXY says so. */
  address: string;
  /** SHA-256 of the session's token; null when nobody is signed in. */
  sessionId: string | null;
  cookie: SessionCookie;
  requestId: string;
}
