import { and, eq, isNull } from 'drizzle-orm';
import type { Database } from '../db/connect.ts';
import { devices } from '../db/schema/index.ts';
import { hashToken } from './token.ts';

export interface KnownDevice {
  id: number;
  truckId: number;
  uniqueId: string | null;
  kind: 'tracker' | 'phone';
}

const columns = { id: devices.id, truckId: devices.truckId, uniqueId: devices.uniqueId, kind: devices.kind };

/** The device that holds this token; null for an unknown or revoked one. */
export async function authenticateDevice(database: Database, token: string): Promise<KnownDevice | null> {
  const [row] = await database.db
    .select(columns)
    .from(devices)
    .where(and(eq(devices.tokenHash, hashToken(token)), isNull(devices.revokedAt)));
  return row ?? null;
}

/** A device by what its tracker calls itself; null for an unknown or revoked one. */
export async function deviceByUniqueId(database: Database, uniqueId: string): Promise<KnownDevice | null> {
  const [row] = await database.db
    .select(columns)
    .from(devices)
    .where(and(eq(devices.uniqueId, uniqueId), isNull(devices.revokedAt)));
  return row ?? null;
}
