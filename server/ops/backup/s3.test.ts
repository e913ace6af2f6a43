import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseS3Url, signed, uploadToS3, type S3Target } from './s3.ts';

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

describe('an upload', () => {
  const folder = mkdtempSync(join(tmpdir(), 's3-'));
  const file = join(folder, 'epagal-20261124T100000Z.backup.gz');
  const content = Buffer.alloc(300_000, 'backup');
  const hash = createHash('sha256').update(content).digest('hex');
  const stored = new Map<string, Buffer>();
  let loses = 0;
  let refuses = false;
  const store = createServer(
    (request, response) =>
      void answer(request).then((status) => {
        const kept = stored.get(request.url ?? '');
        response.writeHead(
          status,
          request.method === 'HEAD' && kept ? { 'content-length': kept.length } : {},
        );
        response.end(status === 403 ? '<Error><Code>SignatureDoesNotMatch</Code></Error>' : '');
      }),
  );

  async function answer(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (refuses) return 403;
    if (request.method === 'HEAD') return stored.has(request.url ?? '') ? 200 : 404;
    const body = Buffer.concat(chunks);
    if (createHash('sha256').update(body).digest('hex') !== request.headers['x-amz-content-sha256'])
      return 400;
    stored.set(request.url ?? '', body.subarray(0, body.length - loses));
    return 200;
  }
  const target = (): S3Target => ({
    ...AMAZON,
    endpoint: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
    bucket: 'backups',
  });

  beforeAll(() => {
    writeFileSync(file, content);
    return new Promise<void>((ready) => store.listen(0, '127.0.0.1', ready));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    return new Promise<void>((closed) => store.close(() => closed()));
  });
  beforeEach(() => {
    loses = 0;
    refuses = false;
    stored.clear();
  });

  it('arrives whole under its name', async () => {
    const address = await uploadToS3(file, hash, target(), 'epagal/');
    expect(address).toBe('s3://backups/epagal/epagal-20261124T100000Z.backup.gz');
    expect(stored.get('/backups/epagal/epagal-20261124T100000Z.backup.gz')).toEqual(content);
  });

  it('that the store cuts short is no backup', async () => {
    loses = 7;
    await expect(uploadToS3(file, hash, target(), '')).rejects.toThrow('299993 bytes of 300000');
  });

  it('to a store that is not there says so', async () => {
    const nowhere = { ...target(), endpoint: 'http://127.0.0.1:1' };
    await expect(uploadToS3(file, hash, nowhere, '')).rejects.toThrow(
      /^the store at http:\/\/127\.0\.0\.1:1 cannot be reached: /,
    );
  });

  it('that the store refuses says why', async () => {
    refuses = true;
    await expect(uploadToS3(file, hash, target(), '')).rejects.toThrow('403 SignatureDoesNotMatch');
  });
});
