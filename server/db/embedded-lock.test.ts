import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { birthOf, FolderInUse, lockFolder } from './embedded-lock.ts';
import { socketPathFor } from './embedded.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'epagal-lock-'));
  lock = join(folder, 'embedded.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const socket = () => join(folder, 'nobody');
const heldBy = (holder: Record<string, unknown>) =>
  writeFileSync(
    lock,
    JSON.stringify({
      parentPid: process.pid,
      parentBorn: birthOf(process.pid),
      socketPath: socket(),
      ...holder,
    }),
  );
const NO_SUCH_PID = 2 ** 22 + 1; // beyond the largest a Linux kernel gives

describe('lockFolder', () => {
  it('takes a free folder and gives it back', async () => {
    const unlock = await lockFolder(lock, socket());
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid });
    unlock();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a folder in use, in one line that names the process', async () => {
    heldBy({ pid: process.pid, born: birthOf(process.pid) });
    const refusal = lockFolder(lock, socket());
    await expect(refusal).rejects.toBeInstanceOf(FolderInUse);
    await expect(refusal).rejects.toThrow(new RegExp(`^another server \\(pid ${process.pid}\\)[^\\n]*$`));
    expect(readdirSync(folder)).toEqual(['embedded.lock']);
  });

  it.each([
    ['a process that is gone', { pid: NO_SUCH_PID, born: 'boot/1' }],
    ['a process whose number is now another one’s', { pid: process.pid, born: 'boot-before/1' }],
  ])('takes over from %s', async (_name, holder) => {
    heldBy(holder);
    const unlock = await lockFolder(lock, socket());
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({
      pid: process.pid,
      born: birthOf(process.pid),
    });
    unlock();
    expect(existsSync(lock)).toBe(false);
  });

  it('takes over a lock file that was cut short', async () => {
    writeFileSync(lock, '{"pid":');
    (await lockFolder(lock, socket()))();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of many that try at once exactly one wins', async () => {
    heldBy({ pid: NO_SUCH_PID, born: 'boot/1' });
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(lock, socket())));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('socketPathFor', () => {
  it('lies beside the data while that fits a socket address', () => {
    expect(socketPathFor('/var/lib/epagal')).toBe('/var/lib/epagal/.s.PGSQL.5432');
  });

  it('moves to a short folder, always the same, when it does not', () => {
    const deep = `/srv/${'very-long-folder/'.repeat(8)}data`;
    expect(Buffer.byteLength(socketPathFor(deep))).toBeLessThanOrEqual(107);
    expect(socketPathFor(deep)).toBe(socketPathFor(deep));
    expect(socketPathFor(`${deep}2`)).not.toBe(socketPathFor(deep));
  });
});
