import { z } from 'zod';
import type { Point } from '../../shared/geo.ts';
import type { OsrmTransport } from './transport.ts';

const answer = z.object({
  waypoints: z.array(z.object({ name: z.string(), distance: z.number() })),
});

/** Streets further than this are not where somebody stands. */
const NEAR_M = 90;
const CANDIDATES = 12;

/**
 * Where a point lies as people here say it: "Quijano y Ordóñez y Félix Valencia", the two nearest named streets; one
 * name where there is no corner near; null where no street has a name, or the router does not answer.
 */
export async function addressAt(transport: OsrmTransport, point: Point): Promise<string | null> {
  try {
    const { status, body } = await transport(
      `/nearest/v1/driving/${point.lon.toFixed(6)},${point.lat.toFixed(6)}?number=${CANDIDATES}`,
    );
    if (status !== 200) return null;
    const names: string[] = [];
    for (const { name, distance } of answer.parse(body).waypoints) {
      if (name !== '' && distance <= NEAR_M && !names.includes(name)) names.push(name);
    }
    return names.length === 0 ? null : names.slice(0, 2).join(' y ');
  } catch {
    // An address is a kindness, not a condition: a report is never refused for want of one.
    return null;
  }
}
