import { fork, type ChildProcess } from 'node:child_process';
import { hashToken } from '../server/access/token.ts';
import type { Database } from '../server/db/connect.ts';

/** Starts a TypeScript file of this folder as a process that takes orders. */
export function startProcess(file: string, nodeArgs: string[] = []): ChildProcess {
  return fork(new URL(file, import.meta.url), {
    execArgv: ['--import', 'tsx', ...nodeArgs],
    serialization: 'advanced',
  });
}

/**
 * The next message of a process.
 * @throws Error with what it says went wrong, or when it ends instead
 */
export function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`a bench process ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      const failed = (message as { error?: string }).error;
      if (failed === undefined) resolve(message as T);
      else reject(new Error(failed));
    });
  });
}

/** Trucks with one device each; returns the devices' tokens. */
export async function seedDevices(database: Database, count: number): Promise<string[]> {
  const tokens = Array.from({ length: count }, (_, i) => `bench-device-token-${i}`);
  await database.sql`
    with truck as (
      insert into trucks (plate, type, capacity)
      select 'BEN-' || lpad(n::text, 4, '0'), 'posterior', 25 from generate_series(1, ${count}) n
      returning id)
    insert into devices (truck_id, name, token_hash)
    select t.id, 'bench', h.hash
      from (select id, row_number() over (order by id) as n from truck) t
      join unnest(${tokens.map(hashToken)}::text[]) with ordinality as h(hash, n) on h.n = t.n`;
  return tokens;
}

export function rounded(value: number, digits = 1): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
