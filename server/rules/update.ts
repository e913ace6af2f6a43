import { isDeepStrictEqual } from 'node:util';
import { SYSTEM, type Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import type { Rules } from '../../shared/rules.ts';
import { requireRole } from '../access/require.ts';
import { rulesVersions } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { checkRules } from './check.ts';
import { FIRST_VERSION, currentRules, type RulesVersion } from './current.ts';

/**
 * Puts new rules in force as the next version; what happened before is still judged by the rules of its day.
 * @throws DomainError `invalid-input`; `stale-version` when somebody else changed them meanwhile
 */
export async function updateRules(
  store: Store,
  actor: Actor,
  input: { rules: Rules; baseVersion?: number | undefined },
): Promise<RulesVersion> {
  requireRole(actor, 'admin');
  return putInForce(store, actor, input);
}

/**
 * The one thing of the rules a supervisor sets: below which price and number of moved stops a proposal approves
 * itself; null switches it off.
 * @throws DomainError `stale-version` when somebody else changed the rules meanwhile
 */
export async function setAutoApprove(
  store: Store,
  actor: Actor,
  limit: Rules['autoApproveBelow'],
): Promise<RulesVersion> {
  requireRole(actor, 'supervisor');
  const { version, rules } = await currentRules(store.database.db);
  return putInForce(store, actor, { rules: { ...rules, autoApproveBelow: limit }, baseVersion: version });
}

async function putInForce(
  store: Store,
  actor: Actor,
  input: { rules: Rules; baseVersion?: number | undefined },
): Promise<RulesVersion> {
  const rules = checkRules(input.rules);
  return commit(store, actor, async (tx, emit) => {
    const { version, rules: defaults } = FIRST_VERSION;
    await tx
      .insert(rulesVersions)
      .values({ version, rules: defaults, at: new Date(FIRST_VERSION.at), actor: SYSTEM })
      .onConflictDoNothing();
    const before = await currentRules(tx);
    if (input.baseVersion !== undefined && input.baseVersion !== before.version) {
      throw new DomainError('stale-version', 'The rules have changed since.', { version: before.version });
    }
    const at = new Date(store.clock());
    const [row] = await tx
      .insert(rulesVersions)
      .values({ version: before.version + 1, rules, at, actor })
      .onConflictDoNothing()
      .returning();
    if (!row)
      throw new DomainError('stale-version', 'The rules have changed since.', { version: before.version });
    const changed = (Object.keys(rules) as (keyof Rules)[]).filter(
      // By value: jsonb gives keys back in an order of its own.
      (key) => !isDeepStrictEqual(rules[key], before.rules[key]),
    );
    emit({
      type: 'rules.changed',
      subject: { kind: 'rules', id: row.version },
      data: {
        version: row.version,
        before: Object.fromEntries(changed.map((key) => [key, before.rules[key]])),
        after: Object.fromEntries(changed.map((key) => [key, rules[key]])),
      },
    });
    return { version: row.version, rules, at: at.toISOString() };
  });
}
