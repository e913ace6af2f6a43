import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Another server owns the folder. The message is one line for the person at the shell. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/** Who holds a data folder. A pid alone proves nothing: after a restart of the machine it may be somebody else's. */
interface Holder {
  pid: number;
  /** What tells two processes of one pid apart: the boot and the tick the process started at. */
  born: string;
  parentPid: number;
  parentBorn: string;
  socketPath: string;
}

const ORPHAN_WAIT_MS = 30_000;
const ORPHAN_POLL_MS = 100;
const GUARD_ABANDONED_MS = 10_000;

/** Boot id and start tick of a process, '' when there is no such process (or the system does not tell). */
export function birthOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces; the start tick is the 20th field after it.
    const startTick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${boot}/${startTick}`;
  } catch {
    return '';
  }
}

function lives(pid: number, born: string): boolean {
  if (born !== '') return birthOf(pid) === born;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Somebody answers on the socket: also sees a holder in another container that shares the folder. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function readLock(lockPath: string): { text: string; holder: Holder | null } {
  let text = '';
  try {
    text = readFileSync(lockPath, 'utf8');
    return { text, holder: JSON.parse(text) as Holder };
  } catch {
    return { text, holder: null };
  }
}

/**
 * Removes a lock whose holder is dead. Of several that found it dead only one is in here at a time, and it removes
 * just what was judged: the lock of somebody who came in between stays.
 */
function removeStale(lockPath: string, judged: string): void {
  const guard = `${lockPath}.takeover`;
  try {
    closeSync(openSync(guard, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > GUARD_ABANDONED_MS) rmSync(guard, { force: true });
    return;
  }
  try {
    if (readLock(lockPath).text === judged) rmSync(lockPath, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/**
 * Takes the lock of a data folder, over the lock of a dead process if need be. A holder that lost its server is
 * closing: it is waited for.
 * @returns gives the lock back
 * @throws FolderInUse when a living server holds it
 */
export async function lockFolder(lockPath: string, socketPath: string): Promise<() => void> {
  const mine: Holder = {
    pid: process.pid,
    born: birthOf(process.pid),
    parentPid: process.ppid,
    parentBorn: birthOf(process.ppid),
    socketPath,
  };
  const draft = `${lockPath}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  const giveUpAt = performance.now() + ORPHAN_WAIT_MS;
  try {
    for (;;) {
      try {
        linkSync(draft, lockPath); // fails if the lock exists: of two that try, one wins
        return () => rmSync(lockPath, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const { text, holder } = readLock(lockPath);
      const holderLives = holder !== null && lives(holder.pid, holder.born);
      const orphan = holderLives && !lives(holder.parentPid, holder.parentBorn);
      if (orphan && performance.now() < giveUpAt) {
        await delay(ORPHAN_POLL_MS);
      } else if (holder !== null && (holderLives || (await answers(holder.socketPath)))) {
        throw new FolderInUse(
          `another server (pid ${holder.pid}) already uses this database folder: stop it, or set DATA_DIR to another folder`,
        );
      } else {
        removeStale(lockPath, text);
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}
