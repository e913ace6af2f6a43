import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { Database } from '../db/connect.ts';
import { devices } from '../db/schema/index.ts';
import { hashToken } from './token.ts';

export interface KnownDevice {
  id: number;
  truckId: number;
  uniqueId: string | null;
  kind: 'tracker' | 'phone';
  /** For a device that was moved: the trucks it was fitted to, oldest first. Empty for all others. */
  trucks: readonly { sinceMs: number; truckId: number }[];
}

const columns = {
  id: devices.id,
  truckId: devices.truckId,
  uniqueId: devices.uniqueId,
  kind: devices.kind,
  trucks: sql<KnownDevice['trucks']>`coalesce((
    select json_agg(json_build_object('sinceMs', extract(epoch from w.since) * 1000, 'truckId', w.truck_id) order by w.since)
      from device_trucks w where w.device_id = ${devices.id}), '[]'::json)`,
};

async function deviceWhere(database: Database, condition: SQL): Promise<KnownDevice | null> {
  const [row] = await database.db
    .select(columns)
    .from(devices)
    .where(and(condition, isNull(devices.revokedAt)));
  return row ?? null;
}

/** The device that holds this token; null for an unknown or revoked one. */
export function authenticateDevice(database: Database, token: string): Promise<KnownDevice | null> {
  return deviceWhere(database, eq(devices.tokenHash, hashToken(token)));
}

/** A device by what its tracker calls itself; null for an unknown or revoked one. */
export function deviceByUniqueId(database: Database, uniqueId: string): Promise<KnownDevice | null> {
  return deviceWhere(database, eq(devices.uniqueId, uniqueId));
}

/** A device in use; null for an unknown or revoked one. */
export function deviceById(database: Database, deviceId: number): Promise<KnownDevice | null> {
  return deviceWhere(database, eq(devices.id, deviceId));
}
