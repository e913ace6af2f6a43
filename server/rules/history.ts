import { desc } from 'drizzle-orm';
import { SYSTEM, actorLabel } from '../../shared/actor.ts';
import type { Rules } from '../../shared/rules.ts';
import { rulesVersions } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { FIRST_VERSION, completeRules } from './current.ts';

/** Every version of the rules, newest first. */
export async function rulesHistory(
  store: Store,
): Promise<{ version: number; at: string; actor: string; rules: Rules }[]> {
  const rows = await store.database.db
    .select()
    .from(rulesVersions)
    .orderBy(desc(rulesVersions.version))
    .limit(200);
  if (rows.length === 0) return [{ ...FIRST_VERSION, actor: actorLabel(SYSTEM) }];
  return rows.map((row) => ({
    version: row.version,
    at: row.at.toISOString(),
    actor: actorLabel(row.actor),
    rules: completeRules(row.rules),
  }));
}
