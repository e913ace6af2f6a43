import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';

export const newPassword = z.string().min(8, 'A password has at least 8 characters.').max(200);

/** The library's `Algorithm.Argon2id`, a const enum that separately compiled modules cannot name. */
const ARGON2ID = 2;

/** argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), in PHC form. Runs off the event loop. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 });
}

let decoy: Promise<string> | undefined;

/** Takes as long for an account that does not exist as for one that does, so that names cannot be probed. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword('a password nobody has');
  const matches = await verify(passwordHash ?? (await decoy), password).catch(() => false);
  return matches && passwordHash !== undefined;
}
