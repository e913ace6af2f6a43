import { z } from 'zod';
import type { Point } from '../../shared/geo.ts';
import type { OsrmTransport } from './transport.ts';

const answer = z.object({
  waypoints: z.array(z.object({ name: z.string(), distance: z.number() })),
});

/** Streets further than this are not where somebody stands. */
const NEAR_M = 90;
const CANDIDATES = 12;
/** A report waits no longer for the name of its street. */
const PATIENCE_MS = 800;

/**
 * Where a point lies as people here say it: "Quijano y Ordóñez y Félix Valencia", the two nearest named streets; one
 * name where there is no corner near; null where no street has a name, or the router does not answer in time.
 */
export async function addressAt(
  transport: OsrmTransport,
  point: Point,
  patienceMs = PATIENCE_MS,
): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  try {
    const asked = transport(
      `/nearest/v1/driving/${point.lon.toFixed(6)},${point.lat.toFixed(6)}?number=${CANDIDATES}`,
    );
    // It may fail after nobody waits for it any more.
    asked.catch(() => undefined);
    const found = await Promise.race([asked, late]);
    if (found === null || found.status !== 200) return null;
    const { body } = found;
    const names: string[] = [];
    for (const { name, distance } of answer.parse(body).waypoints) {
      if (name !== '' && distance <= NEAR_M && !names.includes(name)) names.push(name);
    }
    return names.length === 0 ? null : names.slice(0, 2).join(' y ');
  } catch {
    // An address is a kindness, not a condition: a report is never refused for want of one.
    return null;
  } finally {
    clearTimeout(timer);
  }
}
