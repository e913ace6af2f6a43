import { createHash, randomBytes } from 'node:crypto';

/** A random credential of 256 bits. Shown once; only its hash is kept. */
export function newToken(prefix: 'ses' | 'dev' | 'api'): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`;
}

/** SHA-256 in hex: enough for a random token, which cannot be guessed from it. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
