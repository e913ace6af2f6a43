import { describe, expect, it } from 'vitest';
import { copyFields, copyHead } from './copy-text.ts';

describe('a line of COPY', () => {
  it.each([
    ['1\ttwo\t\\N\t', ['1', 'two', null, '']],
    ['a\\tb\\nc\\\\d', ['a\tb\nc\\d']],
    // Written as text, this is a backslash and an N, not null.
    ['\\\\N', ['\\N']],
    ['{"a": "x\\\\ny"}\tñandú 🚛', ['{"a": "x\\ny"}', 'ñandú 🚛']],
    ['\\101\\x42', ['AB']],
  ])('%j', (line, fields) => {
    expect(copyFields(line)).toEqual(fields);
  });

  it('begins with the table and its columns', () => {
    expect(copyHead('COPY public.trucks (id, plate, "order") FROM stdin;')).toEqual({
      table: 'trucks',
      columns: ['id', 'plate', 'order'],
    });
    expect(copyHead('SELECT pg_catalog.setval(1);')).toBeNull();
  });
});
