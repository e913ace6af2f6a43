import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { parentsFirst } from './catalogue.ts';
import { eventLogHash, verifyBackup } from './format.ts';
import { outdated } from './retention.ts';

const folder = mkdtempSync(join(tmpdir(), 'backup-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVENTS = ['{"id":1}', '{"id":2}'];
const hashOf = (rows: string[]) => {
  const hash = eventLogHash();
  rows.forEach(hash.add);
  return hash.value();
};
const HEADER = JSON.stringify({
  kind: 'header',
  product: 'epagal-control-room',
  format: 1,
  version: '1.0.0',
  at: '2026-11-24T10:00:00.000Z',
  migrations: ['0000_first'],
  tables: ['trucks', 'events'].map((name) => ({ name, columns: ['id'], asText: [], key: ['id'] })),
  partitions: [],
  sequences: [],
});
const END = `!${JSON.stringify({ kind: 'end', rows: { trucks: 1, events: 2 }, photos: 1, eventLog: hashOf(EVENTS) })}`;
const WHOLE = [
  HEADER,
  '!{"kind":"table","name":"trucks"}',
  '{"id":7}',
  '!{"kind":"table","name":"events"}',
  ...EVENTS,
  '!{"kind":"photo","path":"a","base64":"AAAA"}',
  END,
];
const without = (line: string) => WHOLE.filter((one) => one !== line);

async function verify(content: Buffer) {
  const path = join(folder, 'x.backup.gz');
  writeFileSync(path, content);
  return verifyBackup(path);
}
const packed = (lines: string[]) => gzipSync(`${lines.join('\n')}\n`);

describe('a backup file', () => {
  it('is read to its end', async () => {
    const { header, footer } = await verify(packed(WHOLE));
    expect(header.migrations).toEqual(['0000_first']);
    expect(footer.rows).toEqual({ trucks: 1, events: 2 });
  });

  it.each([
    [
      'without its closing line',
      packed(without(END)),
      'the backup is cut short: its closing line is missing',
    ],
    ['with a row missing', packed(without('{"id":7}')), 'trucks: 0 rows where 1 are expected'],
    [
      'with a changed event',
      packed(WHOLE.map((line) => line.replace('"id":2', '"id":3'))),
      'the event log is not the one that was backed up',
    ],
    [
      'with events in another order',
      packed([...WHOLE.slice(0, 4), '{"id":2}', '{"id":1}', ...WHOLE.slice(6)]),
      'the event log is not the one that was backed up',
    ],
    [
      'with a photo missing',
      packed(WHOLE.filter((line) => !line.includes('"photo"'))),
      'photos: 0 where 1 are expected',
    ],
    ['with more after its end', packed([...WHOLE, '{"id":9}']), 'the backup goes on after its end'],
    [
      'with rows of another table',
      packed(WHOLE.map((line) => line.replace('"name":"trucks"}', '"name":"carts"}'))),
      'the backup has rows of an unknown table carts',
    ],
    [
      'of another product',
      packed(WHOLE.map((line) => line.replace('epagal-control-room', 'other'))),
      'this file is no backup of this product',
    ],
    [
      'of a later format',
      packed(WHOLE.map((line) => line.replace('"format":1', '"format":2'))),
      'this backup was made by another version of the format',
    ],
    ['cut in the middle', packed(WHOLE).subarray(0, 200), 'the backup is damaged or cut short'],
    ['with a byte turned', flipped(packed(WHOLE), 100), 'the backup is damaged'],
    ['that is no gzip at all', Buffer.from('hello'), 'the backup is damaged or cut short'],
    ['that is empty', gzipSync(''), 'the backup is cut short: its closing line is missing'],
  ])('%s is refused', async (_what, content, message) => {
    await expect(verify(content)).rejects.toThrow(message);
  });

  it('that is not there is said to be not there', async () => {
    await expect(verifyBackup(join(folder, 'nothing'))).rejects.toThrow('there is no such file');
  });
});

function flipped(content: Buffer, at: number): Buffer {
  const copy = Buffer.from(content);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

describe('the order of tables', () => {
  it('puts what is referred to first', () => {
    const tables = ['stops', 'trucks', 'routes', 'incidents'].map((name) => ({ name }));
    const references = [
      { child: 'stops', parent: 'routes' },
      { child: 'stops', parent: 'incidents' },
      { child: 'routes', parent: 'trucks' },
    ];
    const order = parentsFirst(tables, references).map(({ name }) => name);
    for (const { child, parent } of references)
      expect(order.indexOf(parent)).toBeLessThan(order.indexOf(child));
    expect(order).toHaveLength(4);
  });

  it('refuses a circle', () => {
    const circle = [
      { child: 'a', parent: 'b' },
      { child: 'b', parent: 'a' },
    ];
    expect(() => parentsFirst([{ name: 'a' }, { name: 'b' }], circle)).toThrow('a, b');
  });
});

describe('keeping backups', () => {
  const now = new Date('2026-11-24T10:00:00Z');
  const name = (day: string) => `epagal-202611${day}T020000Z.backup.gz`;

  it('lets go of those past their days, and of nothing else', () => {
    const names = [name('01'), name('10'), name('23'), name('24'), 'notes.txt', `${name('01')}.sha256`];
    expect(outdated(names, 7, now)).toEqual([name('01'), name('10')]);
  });

  it('keeps the newest, however old', () => {
    expect(outdated([name('01'), name('02')], 7, now)).toEqual([name('01')]);
  });
});
