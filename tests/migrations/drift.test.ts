import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { describe, expect, it } from 'vitest';
import { migrationsFolder, readMigrations } from '../../server/db/migrate.ts';
import * as schema from '../../server/db/schema/index.ts';

const folder = migrationsFolder();
const names = readMigrations().map(({ name }) => name);
type Snapshot = Parameters<typeof generateMigration>[0];
const snapshots = readdirSync(join(folder, 'meta'))
  .filter((file) => file.endsWith('_snapshot.json'))
  .toSorted()
  .map((file) => JSON.parse(readFileSync(join(folder, 'meta', file), 'utf8')) as Snapshot);

describe('the migrations and the schema in code', () => {
  it('have not drifted apart: drizzle-kit would write nothing new', async () => {
    const newest = snapshots.at(-1)!;
    const current = generateDrizzleJson(schema, newest.id);
    expect(await generateMigration(newest, current)).toEqual([]);
  });

  it('would be seen to drift', async () => {
    const newest = snapshots.at(-1)!;
    const { users: _, ...tables } = newest.tables as Record<string, unknown>;
    const short = { ...newest, tables } as Snapshot;
    delete (short.tables as Record<string, unknown>)['public.users'];
    const statements = await generateMigration(short, generateDrizzleJson(schema, newest.id));
    expect(statements.join('\n')).toContain('CREATE TABLE "users"');
  });

  it('are one unbroken line: each snapshot follows the one before', () => {
    expect(snapshots).toHaveLength(names.length);
    for (const [n, snapshot] of snapshots.entries())
      if (n > 0) expect(snapshot.prevId, names[n]).toBe(snapshots[n - 1]!.id);
  });

  it('have no file that the journal does not list', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
    expect(files.toSorted()).toEqual(names.flatMap((name) => [`${name}.down.sql`, `${name}.sql`]).toSorted());
  });
});
