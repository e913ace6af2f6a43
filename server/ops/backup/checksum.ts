import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BackupError } from './format.ts';

/** SHA-256 and size of a file. */
export async function digest(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** Onto the disk before it is called a backup. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes what `sha256sum -c` reads: a line for each file, under the name it will have. */
export async function writeChecksums(
  path: string,
  files: readonly { name: string; sha256: string }[],
): Promise<void> {
  await writeFile(path, files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''), { mode: 0o600 });
  await flush(path);
}

/**
 * Compares a backup's files with the checksums beside it.
 * @returns the names compared; none when there is no file of checksums
 * @throws BackupError naming the first file that is missing or is not as it was written
 */
export async function compareChecksums(backupPath: string): Promise<string[]> {
  const text = await readFile(`${backupPath}.sha256`, 'utf8').catch(() => null);
  if (text === null) return [];
  const names: string[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const [, expected, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (!expected || !name) throw new BackupError(`${basename(backupPath)}.sha256 is damaged`);
    const found = await digest(join(dirname(backupPath), basename(name))).catch(() => null);
    if (!found) throw new BackupError(`${name} is missing beside the backup`);
    if (found.sha256 !== expected)
      throw new BackupError(`${name} is not as it was written: its checksum differs`);
    names.push(name);
  }
  return names;
}
