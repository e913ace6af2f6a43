import { subjectKey, type AlertDetails, type AlertLevel, type SystemKind } from '../../shared/alerts.ts';
import type { Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { clearByItself } from './clear.ts';
import { raiseAlert, type RaiseOutcome } from './raise.ts';

const LEVEL: Readonly<Record<SystemKind, AlertLevel>> = {
  'backup-failed': 'high',
  'disk-low': 'high',
  'router-down': 'high',
  'redis-down': 'medium',
  'certificate-expiring': 'medium',
  'delivery-failing': 'medium',
};

export interface SystemAlert {
  /** Which one of several, such as a disk's mount point; left out where there is only one. */
  part?: string;
  level?: AlertLevel;
}

/**
 * Something of the installation itself needs a person: a backup failed, a disk is nearly full. May be called again
 * and again: while it is open it is counted, not repeated. Never throws for what it is told; only a database that is
 * out makes it fail.
 */
export async function raiseSystemAlert(
  store: Store,
  kind: SystemKind,
  details: AlertDetails = {},
  { part, level }: SystemAlert = {},
): Promise<RaiseOutcome> {
  const { rules } = await currentRules(store.database.db);
  return raiseAlert(
    store,
    { kind, level: level ?? LEVEL[kind], subject: systemSubject(part), details },
    rules.alerts.coolDownS,
  );
}

/** It is in order again. False when no such alert was open; cheap to call on every success. */
export async function clearSystemAlert(store: Store, kind: SystemKind, part?: string): Promise<boolean> {
  return clearByItself(store, kind, subjectKey(systemSubject(part)));
}

function systemSubject(part: string | undefined) {
  return { kind: 'system' as const, id: 0, ...(part === undefined ? {} : { name: part }) };
}
