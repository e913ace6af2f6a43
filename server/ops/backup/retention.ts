import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_PATTERN } from './format.ts';

const DAY_MS = 86_400_000;

/** Names of backups older than `keepDays`; the newest one stays whatever its age. */
export function outdated(names: readonly string[], keepDays: number, now: Date): string[] {
  const backups = names.filter((name) => FILE_PATTERN.test(name)).sort();
  return backups.slice(0, -1).filter((name) => now.getTime() - takenAt(name) > keepDays * DAY_MS);
}

/** Deletes outdated backups and their checksums. @returns the names of the backups deleted */
export async function deleteOutdated(folder: string, keepDays: number, now: Date): Promise<string[]> {
  const old = outdated(await readdir(folder), keepDays, now);
  for (const name of old) {
    await rm(join(folder, name), { force: true });
    await rm(join(folder, `${name}.sha256`), { force: true });
  }
  return old;
}

function takenAt(name: string): number {
  const [, y, mo, d, h, mi, s] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(name) ?? [];
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}
