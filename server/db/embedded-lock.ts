import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

function readHolder(lockPath: string): Holder | null {
  try {
    return JSON.parse(readFileSync(lockPath, 'utf8')) as Holder;
  } catch {
    return null;
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
      const holder = readHolder(lockPath);
      const holderLives = holder !== null && lives(holder.pid, holder.born);
      const orphan = holderLives && !lives(holder.parentPid, holder.parentBorn);
      if (orphan && performance.now() < giveUpAt) {
        await delay(ORPHAN_POLL_MS);
      } else if (holder !== null && (holderLives || (await answers(holder.socketPath)))) {
        throw new FolderInUse(
          `another server (pid ${holder.pid}) already uses this database folder: stop it, or set DATA_DIR to another folder`,
        );
      } else {
        const stale = `${draft}.stale`;
        try {
          renameSync(lockPath, stale);
          rmSync(stale, { force: true });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        }
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}
