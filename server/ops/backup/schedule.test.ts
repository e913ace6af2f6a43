import { describe, expect, it } from 'vitest';
import { dueNow, isOverdue, lastOccurrence, type BackupHistory } from './schedule.ts';

/** 02:00 and 03:00 in Latacunga are 07:00 and 08:00 in UTC. */
const at = (instant: string) => Date.parse(instant);
const history = (given: Partial<BackupHistory> = {}): BackupHistory => ({
  installedMs: at('2026-11-01T12:00:00Z'),
  lastGoodBackupMs: at('2026-11-23T07:00:05Z'),
  lastGoodUploadMs: at('2026-11-23T08:00:05Z'),
  failedBackupMs: null,
  failedUploadMs: null,
  ...given,
});
const HOURS = { at: '02:00', uploadAt: '03:00' };

describe('the hour of a backup', () => {
  it.each([
    ['2026-11-24T07:00:00Z', '2026-11-24T07:00:00.000Z'],
    ['2026-11-24T06:59:59Z', '2026-11-23T07:00:00.000Z'],
    // Yesterday evening in Latacunga, today in Greenwich.
    ['2026-11-24T03:00:00Z', '2026-11-23T07:00:00.000Z'],
  ])('at %s was last at %s', (now, last) => {
    expect(new Date(lastOccurrence(at(now), '02:00')).toISOString()).toBe(last);
  });
});

describe('due', () => {
  const cases: [string, string, Partial<BackupHistory>, 'backup' | 'upload' | null][] = [
    ['nothing before the hour', '2026-11-24T06:59:00Z', {}, null],
    ['the backup at its hour', '2026-11-24T07:00:00Z', {}, 'backup'],
    [
      'nothing more once it is made',
      '2026-11-24T07:30:00Z',
      { lastGoodBackupMs: at('2026-11-24T07:00:09Z') },
      null,
    ],
    [
      'the upload at its hour',
      '2026-11-24T08:00:00Z',
      { lastGoodBackupMs: at('2026-11-24T07:00:09Z') },
      'upload',
    ],
    ['a night that was slept through, at the next start', '2026-11-24T15:00:00Z', {}, 'backup'],
    [
      'a failed one not at once again',
      '2026-11-24T07:10:00Z',
      { failedBackupMs: at('2026-11-24T07:00:09Z') },
      null,
    ],
    [
      'a failed one after a quarter of an hour',
      '2026-11-24T07:15:09Z',
      { failedBackupMs: at('2026-11-24T07:00:09Z') },
      'backup',
    ],
    [
      'the upload although tonight’s backup failed: the one before may not be there yet',
      '2026-11-24T08:00:00Z',
      { failedBackupMs: at('2026-11-24T07:59:00Z') },
      'upload',
    ],
    [
      'nothing on the day of the installation',
      '2026-11-24T15:00:00Z',
      { installedMs: at('2026-11-24T13:00:00Z'), lastGoodBackupMs: null, lastGoodUploadMs: null },
      null,
    ],
    [
      'the first backup in the first night',
      '2026-11-25T07:00:00Z',
      { installedMs: at('2026-11-24T13:00:00Z'), lastGoodBackupMs: null, lastGoodUploadMs: null },
      'backup',
    ],
  ];
  it.each(cases)('is %s', (_, now, given, expected) => {
    expect(dueNow(history(given), HOURS, at(now))).toBe(expected);
  });

  it('is nothing that was said to be off', () => {
    const later = at('2026-11-30T12:00:00Z');
    expect(dueNow(history(), { at: null, uploadAt: null }, later)).toBeNull();
    expect(dueNow(history(), { at: null, uploadAt: '03:00' }, later)).toBe('upload');
  });
});

it('is overdue after 26 hours without a good one, failed or not', () => {
  expect(isOverdue(history(), at('2026-11-24T09:00:00Z'))).toBe(false);
  expect(isOverdue(history(), at('2026-11-24T09:00:06Z'))).toBe(true);
  expect(isOverdue(history({ failedBackupMs: at('2026-11-24T07:00:00Z') }), at('2026-11-24T09:00:06Z'))).toBe(
    true,
  );
  expect(isOverdue(history({ lastGoodBackupMs: null }), at('2026-11-02T13:00:00Z'))).toBe(false);
  expect(isOverdue(history({ lastGoodBackupMs: null }), at('2026-11-02T15:00:00Z'))).toBe(true);
});
