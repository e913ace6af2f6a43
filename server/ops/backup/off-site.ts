import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from './format.ts';
import { backupsAmong, filesOf, outdated } from './retention.ts';
import type { S3Store } from './s3.ts';

export interface UploadResult {
  /** Names of the backups that were not there before. */
  uploaded: string[];
  /** Names of the backups deleted in the store, for their age. */
  expired: string[];
  /** The newest backup in the store, and the bytes of all of them. */
  newest: string;
  bytes: number;
}

/**
 * Brings every backup of a folder that the store lacks to it, each file listed with its size and checksum, then
 * deletes what is too old there. A night that failed is thereby made up for by the next.
 * @param prefix empty, or a path that ends in `/`
 * @throws BackupError when the store cannot be reached or refuses, or there is no backup
 */
export async function bringOffSite(
  folder: string,
  store: S3Store,
  { prefix, keepDays, now }: { prefix: string; keepDays: number; now: Date },
): Promise<UploadResult> {
  const here = await readdir(folder).catch(() => []);
  const backups = backupsAmong(here);
  if (backups.length === 0) throw new BackupError(`there is no backup in ${folder} to upload`);
  const before = await stored(store, prefix);
  const uploaded: string[] = [];
  for (const backup of backups.filter(
    (name) => !before.has(name) && !isTooOld(name, backups, keepDays, now),
  )) {
    // The backup itself last: one that is there in the store is there whole.
    const beside = filesOf(backup, here).filter((name) => name !== backup && !name.endsWith('.part'));
    for (const name of [...beside, backup]) await store.put(join(folder, name), prefix + name);
    uploaded.push(backup);
  }
  const after = await stored(store, prefix);
  const expired = outdated([...after.keys()], keepDays, now);
  for (const name of expired.flatMap((backup) => [backup, ...filesOf(backup, [...after.keys()])])) {
    if (after.delete(name)) await store.remove(prefix + name);
  }
  const newest = backupsAmong([...after.keys()]).at(-1) ?? '';
  return { uploaded, expired, newest, bytes: [...after.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

/** Brings a backup and what lies beside it from the store into a folder. @returns its path there */
export async function fetchBackup(store: S3Store, key: string, folder: string): Promise<string> {
  const prefix = key.slice(0, key.lastIndexOf('/') + 1);
  const name = key.slice(prefix.length);
  const names = [...(await stored(store, prefix)).keys()];
  if (!names.includes(name)) throw new BackupError(`the store has no ${key}`);
  for (const file of new Set([name, ...filesOf(name, names)]))
    await store.get(prefix + file, join(folder, file));
  return join(folder, name);
}

/** Files directly under a prefix with their bytes. */
async function stored(store: S3Store, prefix: string): Promise<Map<string, number>> {
  const objects = await store.list(prefix);
  return new Map(
    objects
      .map(({ key, bytes }) => [key.slice(prefix.length), bytes] as const)
      .filter(([name]) => name !== '' && !name.includes('/')),
  );
}

const isTooOld = (name: string, all: readonly string[], keepDays: number, now: Date) =>
  outdated(all, keepDays, now).includes(name);
