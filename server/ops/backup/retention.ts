import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_PATTERN } from './format.ts';

const DAY_MS = 86_400_000;

/** Names of backups older than `keepDays`; the newest one stays whatever its age. */
export function outdated(names: readonly string[], keepDays: number, now: Date): string[] {
  const backups = backupsAmong(names);
  return backups.slice(0, -1).filter((name) => now.getTime() - takenAt(name) > keepDays * DAY_MS);
}

/** Files that belong to a backup: what is named after the same instant. */
export function filesOf(backup: string, names: readonly string[]): string[] {
  const [stem = backup] = /^epagal-\d{8}T\d{6}Z\./.exec(backup) ?? [];
  return names.filter((name) => name.startsWith(stem));
}

/** Names of the whole backups among names of files, oldest first. */
export const backupsAmong = (names: readonly string[]) =>
  names.filter((name) => FILE_PATTERN.test(name)).sort();

/** Deletes outdated backups and what lies beside them. @returns the names of the backups deleted */
export async function deleteOutdated(folder: string, keepDays: number, now: Date): Promise<string[]> {
  const names = await readdir(folder);
  const old = outdated(names, keepDays, now);
  // What a backup left behind that was cut off, by a power cut or a stop.
  for (const name of names.filter((draft) => /^epagal-.*\.part$/.test(draft))) {
    if (now.getTime() - takenAt(name) > DAY_MS) await rm(join(folder, name), { force: true });
  }
  // The backup itself first: what is left of one that is half deleted does not look like one.
  for (const name of old.flatMap((backup) => [backup, ...filesOf(backup, names)])) {
    await rm(join(folder, name), { force: true });
  }
  return old;
}

function takenAt(name: string): number {
  const [, y, mo, d, h, mi, s] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(name) ?? [];
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}
