import { and, asc, eq, isNull } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { Database } from '../db/connect.ts';
import { apiTokens as table } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { hashToken, newToken } from './token.ts';

export interface ApiTokenView {
  id: number;
  name: string;
  scope: 'positions';
  createdAt: string;
  revokedAt: string | null;
}

/** Tokens of other systems; their secrets were shown once and are not here. */
export async function apiTokens(store: Store): Promise<ApiTokenView[]> {
  const rows = await store.database.db.select().from(table).orderBy(asc(table.id));
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    scope: row.scope,
    createdAt: row.createdAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
  }));
}

/** The token is in this answer and nowhere else. */
export async function createApiToken(
  store: Store,
  input: { name: string; scope: 'positions' },
): Promise<{ tokenId: number; token: string }> {
  const token = newToken('api');
  const [row] = await store.database.db
    .insert(table)
    .values({ name: input.name, scope: input.scope, tokenHash: hashToken(token) })
    .returning({ id: table.id });
  return { tokenId: row!.id, token };
}

/** @throws DomainError `not-found` */
export async function revokeApiToken(store: Store, tokenId: number): Promise<{ tokenId: number }> {
  const [row] = await store.database.db
    .update(table)
    .set({ revokedAt: new Date(store.clock()) })
    .where(and(eq(table.id, tokenId), isNull(table.revokedAt)))
    .returning({ id: table.id });
  if (!row) throw new DomainError('not-found', 'No such token in use.', { tokenId });
  return { tokenId };
}

/** The token's name when it is in use and has the scope; null otherwise. */
export async function authenticateApiToken(
  database: Database,
  token: string,
  scope: 'positions',
): Promise<{ id: number; name: string } | null> {
  const [row] = await database.db
    .select({ id: table.id, name: table.name })
    .from(table)
    .where(and(eq(table.tokenHash, hashToken(token)), eq(table.scope, scope), isNull(table.revokedAt)));
  return row ?? null;
}
