import { desc } from 'drizzle-orm';
import { DEFAULT_RULES, type Rules } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { rulesVersions } from '../db/schema/index.ts';

export interface RulesVersion {
  version: number;
  rules: Rules;
  /** Since when it is in force. */
  at: string;
}

/** A new system begins with the defaults as version 1, in force since ever. */
export const FIRST_VERSION: RulesVersion = {
  version: 1,
  rules: DEFAULT_RULES,
  at: new Date(0).toISOString(),
};

/**
 * The rules in force, read through the given handle: the database, or inside a transaction its own. Writes nothing, so
 * that a read-only transaction may ask. A rule newer than the stored version has its default until an admin sets it.
 */
export async function currentRules(reader: Pick<Tx, 'select'>): Promise<RulesVersion> {
  const [row] = await reader.select().from(rulesVersions).orderBy(desc(rulesVersions.version)).limit(1);
  if (!row) return FIRST_VERSION;
  return { version: row.version, rules: completeRules(row.rules), at: row.at.toISOString() };
}

/** Stored rules with the default of every rule that is newer than they are. */
export function completeRules(stored: Partial<Rules>): Rules {
  return {
    ...DEFAULT_RULES,
    ...stored,
    alerts: { ...DEFAULT_RULES.alerts, ...stored.alerts },
  };
}
