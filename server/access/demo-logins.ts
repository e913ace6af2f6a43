import { inArray } from 'drizzle-orm';
import type { Role } from '../../shared/actor.ts';
import type { Database } from '../db/connect.ts';
import { users } from '../db/schema/index.ts';
import { Refusal } from '../ops/tool-failure.ts';
import { verifyPassword } from './password.ts';

/** The demo's logins, printed by it and refused by production. */
export const DEMO_LOGINS: readonly { username: string; password: string; role: Role }[] = [
  { username: 'admin', password: 'admin123', role: 'admin' },
  { username: 'supervisor1', password: 'supervisor123', role: 'supervisor' },
  { username: 'operador1', password: 'operador123', role: 'operator' },
  ...[1, 2, 3, 4].map((n) => ({
    username: `conductor${n}`,
    password: 'conductor123',
    role: 'driver' as const,
  })),
];

/** Names of active accounts that a demo's password opens. Production refuses to start while there is one. */
export async function openDemoLogins(database: Database): Promise<string[]> {
  const names = DEMO_LOGINS.map(({ username }) => username);
  const rows = await database.db.select().from(users).where(inArray(users.username, names));
  const open: string[] = [];
  for (const row of rows) {
    const demo = DEMO_LOGINS.find(({ username }) => username === row.username)!;
    if (row.active && (await verifyPassword(row.passwordHash, demo.password))) open.push(row.username);
  }
  return open;
}

/** @throws Refusal naming the accounts that the demo's passwords open */
export async function refuseDemoLogins(database: Database): Promise<void> {
  const open = await openDemoLogins(database);
  if (open.length === 0) return;
  throw new Refusal(
    `the demo's passwords still open ${open.join(', ')}: for each, npm run user:create -- --reset --username NAME`,
  );
}
