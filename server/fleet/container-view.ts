import { asc, type SQL } from 'drizzle-orm';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { containers } from '../db/schema/index.ts';

export interface ContainerView {
  id: number;
  code: string;
  lat: number;
  lon: number;
  zone: Zone;
  /** Severity points it fills. */
  load: number;
  address: string | null;
  active: boolean;
  everyDays: number;
  lastEmptiedAt: string | null;
}

export function toContainerView(row: typeof containers.$inferSelect): ContainerView {
  return {
    id: row.id,
    code: row.code,
    lat: row.lat,
    lon: row.lon,
    zone: row.zone,
    load: row.load,
    address: row.address,
    active: row.active,
    everyDays: row.everyDays,
    lastEmptiedAt: row.lastEmptiedAt?.toISOString() ?? null,
  };
}

export async function containerViews(reader: Pick<Tx, 'select'>, where?: SQL): Promise<ContainerView[]> {
  const rows = await reader.select().from(containers).where(where).orderBy(asc(containers.code));
  return rows.map(toContainerView);
}
