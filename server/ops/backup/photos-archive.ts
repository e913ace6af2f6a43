import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { run } from './pg-programs.ts';

/** Beside a dump the photos lie in a tar, which any machine opens. */

/** Packs a folder, if it is there; otherwise there is no archive either. @returns how many files are inside */
export async function packPhotos(photosDir: string, archive: string): Promise<number> {
  if (!existsSync(photosDir)) {
    await rm(archive, { force: true });
    return 0;
  }
  // 1 is "a file changed meanwhile": a photo that came or went after the rows were read, which the count tells.
  await run('tar', ['--create', '--file', archive, '--directory', photosDir, '.'], { accept: [1] }).ended;
  return countPhotos(archive);
}

/** Reads an archive to its end. @throws BackupError when it is damaged */
export async function countPhotos(archive: string): Promise<number> {
  const list = run('tar', ['--list', '--file', archive], { stdout: true });
  let files = 0;
  for await (const name of createInterface({ input: list.child.stdout as Readable })) {
    if (!name.endsWith('/')) files += 1;
  }
  await list.ended;
  return files;
}

/** Unpacks; tar itself refuses names that lead out of the folder. */
export async function unpackPhotos(archive: string, photosDir: string): Promise<void> {
  await mkdir(photosDir, { recursive: true, mode: 0o700 });
  await run('tar', ['--extract', '--no-same-owner', '--file', archive, '--directory', photosDir]).ended;
}
