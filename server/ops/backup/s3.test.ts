import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startS3StandIn, type S3StandIn } from '../../../tests/operations/s3-stand-in.ts';
import { bringOffSite, fetchBackup } from './off-site.ts';
import { createS3Store, parseS3Url, signed, type S3Options, type S3Store, type S3Target } from './s3.ts';

/** Amazon's own example keys and requests, from its page on Signature Version 4. */
const AMAZON: S3Target = {
  endpoint: 'https://examplebucket.s3.amazonaws.com',
  region: 'us-east-1',
  bucket: 'examplebucket',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const EXAMPLE_DAY = new Date('2013-05-24T00:00:00Z');
const EMPTY = createHash('sha256').update('').digest('hex');

describe('a signature', () => {
  it('is what Amazon computes for its example GET', () => {
    const url = new URL('https://examplebucket.s3.amazonaws.com/test.txt');
    const headers = signed(
      { method: 'GET', url, headers: { range: 'bytes=0-9' }, bodySha256: EMPTY },
      AMAZON,
      EXAMPLE_DAY,
    );
    expect(headers.authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
        'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,' +
        'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  it('is what Amazon computes for its example PUT', () => {
    const url = new URL('https://examplebucket.s3.amazonaws.com/test%24file.text');
    const headers = signed(
      {
        method: 'PUT',
        url,
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        bodySha256: createHash('sha256').update('Welcome to Amazon S3.').digest('hex'),
      },
      AMAZON,
      EXAMPLE_DAY,
    );
    expect(headers.authorization).toMatch(
      /Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
    );
  });
});

describe('an address', () => {
  it.each([
    ['s3://backups', { bucket: 'backups', prefix: '' }],
    ['s3://backups/', { bucket: 'backups', prefix: '' }],
    ['s3://backups/epagal/night', { bucket: 'backups', prefix: 'epagal/night/' }],
    ['/var/backups', null],
    ['s3:/backups', null],
  ])('%s', (text, expected) => {
    expect(parseS3Url(text)).toEqual(expected);
  });
});

describe('a store', () => {
  const keys = { accessKeyId: AMAZON.accessKeyId, secretAccessKey: AMAZON.secretAccessKey };
  const now = new Date('2026-11-24T08:00:00Z');
  let folder: string;
  let standIn: S3StandIn;
  let store: S3Store;
  const target = (): S3Target => ({ ...AMAZON, endpoint: standIn.endpoint, bucket: 'backups' });
  const open = (options: S3Options = {}) => createS3Store(target(), { retryAfterMs: [1, 1], ...options });
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 's3-'));
    standIn = await startS3StandIn(keys);
    store = open();
  });
  afterEach(async () => {
    await standIn.close();
    rmSync(folder, { recursive: true });
  });

  it('keeps a file under its name, listed and with its checksum', async () => {
    await store.put(write('a file+&.dump', 'content'), 'epagal/a file+&.dump');
    expect(standIn.objects.get('backups/epagal/a file+&.dump')?.body.toString()).toBe('content');
    expect(await store.list('epagal/')).toEqual([{ key: 'epagal/a file+&.dump', bytes: 7 }]);
    expect(await store.checksumOf('epagal/a file+&.dump')).toBe(
      createHash('sha256').update('content').digest('hex'),
    );
  });

  it('takes a large file in parts and gives it back whole', async () => {
    const content = Buffer.alloc(250_001, 'backup of the day ');
    await open({ partBytes: 100_000 }).put(write('large', content), 'large');
    expect(standIn.objects.get('backups/large')?.body.equals(content)).toBe(true);
    expect(standIn.requests.filter((line) => line === 'PUT /backups/large')).toHaveLength(3);
    await store.get('large', join(folder, 'again'));
    expect(readFileSync(join(folder, 'again')).equals(content)).toBe(true);
  });

  it('is asked again when it stumbles, and parts of a failed upload do not stay', async () => {
    let stumbles = 2;
    standIn.fault = () => (stumbles-- > 0 ? 503 : null);
    await store.put(write('small', 'content'), 'small');
    expect(standIn.objects.has('backups/small')).toBe(true);
    let parts = 0;
    standIn.fault = (method) => (method === 'PUT' && ++parts > 1 ? 500 : null);
    const large = write('large', Buffer.alloc(250_000));
    await expect(open({ partBytes: 100_000 }).put(large, 'large')).rejects.toThrow(
      'the store refused part 2 of the backup: 500 InternalError',
    );
    expect(standIn.unfinished.size).toBe(0);
  });

  it('that keeps less than it was given is not believed', async () => {
    standIn.loses = 3;
    await expect(store.put(write('short', 'content'), 'short')).rejects.toThrow('4 bytes of 7: short');
  });

  it('that gives back other bytes is not believed', async () => {
    await store.put(write('file', 'content'), 'file');
    standIn.objects.get('backups/file')!.body = Buffer.from('CONTENT');
    await expect(store.get('file', join(folder, 'again'))).rejects.toThrow('its checksum differs');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('that is not there says so', async () => {
    const nowhere = createS3Store({ ...target(), endpoint: 'http://127.0.0.1:1' }, { retryAfterMs: [] });
    await expect(nowhere.put(write('file', 'x'), 'file')).rejects.toThrow(
      /^the store at http:\/\/127\.0\.0\.1:1 cannot be reached: /,
    );
  });

  it('refuses another secret, and says why', async () => {
    const stranger = createS3Store({ ...target(), secretAccessKey: 'another' }, { retryAfterMs: [] });
    await expect(stranger.put(write('file', 'x'), 'file')).rejects.toThrow('403 SignatureDoesNotMatch');
  });

  describe('beside a folder of backups', () => {
    const OLD = 'epagal-20261001T070000Z.backup.gz';
    const LAST = 'epagal-20261123T070000Z.dump';
    const NEW = 'epagal-20261124T070000Z.dump';
    const rules = { prefix: 'latacunga/', keepDays: 30, now };
    const names = () => [...standIn.objects.keys()].map((name) => name.slice('backups/latacunga/'.length));

    beforeEach(() => {
      for (const name of [LAST, NEW]) {
        for (const file of [name, `${name}.json`, `${name}.sha256`]) write(file, file);
      }
      write(OLD, 'old');
      write('epagal-20261124T090000Z.dump.part', 'half');
      write('notes.txt', 'of somebody');
    });

    it('has every backup that is not too old, made up for by the next night', async () => {
      expect(await bringOffSite(folder, store, rules)).toMatchObject({ uploaded: [LAST, NEW], newest: NEW });
      expect(names().sort()).toEqual(
        [LAST, NEW].flatMap((name) => [name, `${name}.json`, `${name}.sha256`]).sort(),
      );
      expect(await bringOffSite(folder, store, rules)).toMatchObject({ uploaded: [], newest: NEW });
    });

    it('loses those past their days, with what lies beside them, and nothing of anybody else', async () => {
      for (const name of [OLD, `${OLD}.sha256`, 'theirs.txt'])
        await store.put(write(name, name), `latacunga/${name}`);
      expect(await bringOffSite(folder, store, rules)).toMatchObject({ expired: [OLD] });
      expect(names()).not.toContain(OLD);
      expect(names()).not.toContain(`${OLD}.sha256`);
      expect(names()).toContain('theirs.txt');
    });

    it('gives a backup back with what lies beside it', async () => {
      await bringOffSite(folder, store, rules);
      const into = join(folder, 'fetched');
      mkdirSync(into);
      expect(await fetchBackup(store, `latacunga/${NEW}`, into)).toBe(join(into, NEW));
      expect(readdirSync(into).sort()).toEqual([NEW, `${NEW}.json`, `${NEW}.sha256`]);
      await expect(fetchBackup(store, 'latacunga/none.dump', into)).rejects.toThrow('the store has no');
    });
  });
});
