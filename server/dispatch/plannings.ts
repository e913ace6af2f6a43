import { min } from 'drizzle-orm';
import type { Database } from '../db/connect.ts';
import { routes } from '../db/schema/index.ts';

export interface Planning {
  /** Names the planning: the first of the routes made in it for the zone. */
  firstRouteId: number;
  createdAt: Date;
}

/** In which planning each route was made: routes of one zone written by one transaction bear the same instant. */
export async function planningsOf({ db }: Database): Promise<Map<number, Planning>> {
  const firsts = await db
    .select({ zone: routes.zone, createdAt: routes.createdAt, firstRouteId: min(routes.id) })
    .from(routes)
    .groupBy(routes.zone, routes.createdAt);
  const named = new Map(
    firsts.map((row) => [`${row.zone} ${row.createdAt.getTime()}`, Number(row.firstRouteId)]),
  );
  const rows = await db
    .select({ id: routes.id, zone: routes.zone, createdAt: routes.createdAt })
    .from(routes);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        firstRouteId: named.get(`${row.zone} ${row.createdAt.getTime()}`) ?? row.id,
        createdAt: row.createdAt,
      },
    ]),
  );
}
