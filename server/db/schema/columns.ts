import { sql, type SQL } from 'drizzle-orm';
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core';

/** Dense enough, never reused; read as a JS number (2^53 rows are beyond any city). */
export const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity();

/** A reference to another table's id. */
export const ref = (name: string) => bigint(name, { mode: 'number' });

/** Instants carry their zone; the session runs in UTC. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/** PostGIS point, WGS84. drizzle's own geometry() ignores SRID and type, hence a type of ours. */
export const pointColumn = customType<{ data: string; driverData: string }>({
  dataType: () => 'geometry(Point,4326)',
});

export const polygonColumn = customType<{ data: string; driverData: string }>({
  dataType: () => 'geometry(Polygon,4326)',
});

/** A point kept in step with `lon` and `lat` by the database itself. */
export const pointOfLonLat = (name = 'geom') =>
  pointColumn(name).generatedAlwaysAs((): SQL => sql`ST_SetSRID(ST_MakePoint(lon, lat), 4326)`);
