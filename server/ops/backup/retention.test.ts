import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deleteOutdated } from './retention.ts';

it('what is too old goes with what lies beside it, drafts that were cut off too, and nothing of anybody else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'epagal-retention-'));
  try {
    const old = 'epagal-20261001T070000Z';
    const now = 'epagal-20261124T070000Z';
    const kept = [`${now}.dump`, `${now}.dump.json`, 'epagal-20261124T080000Z.dump.part', 'epagal.txt'];
    const gone = [
      ...['.dump', '.dump.json', '.dump.sha256', '.photos.tar'].map((end) => old + end),
      'epagal-20261122T070000Z.backup.gz.part',
    ];
    for (const name of [...kept, ...gone]) writeFileSync(join(folder, name), '');
    expect(await deleteOutdated(folder, 30, new Date('2026-11-24T09:00:00Z'))).toEqual([`${old}.dump`]);
    expect(readdirSync(folder).sort()).toEqual(kept.sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
