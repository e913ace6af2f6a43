import { createHash, createHmac } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { digest } from './checksum.ts';
import { BackupError } from './format.ts';

export interface S3Target {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Request {
  method: 'PUT' | 'GET' | 'HEAD' | 'POST' | 'DELETE';
  url: URL;
  headers: Record<string, string>;
  /** SHA-256 of the body, hex. */
  bodySha256: string;
}

/**
 * The headers of a request with AWS Signature Version 4
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html), which every S3-compatible store
 * takes. The query must be in the order of its names, as `addressOf` writes it.
 */
export function signed(request: S3Request, target: S3Target, now: Date): Record<string, string> {
  const instant = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = instant.slice(0, 8);
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.url.host,
    'x-amz-content-sha256': request.bodySha256,
    'x-amz-date': instant,
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    request.method,
    request.url.pathname,
    request.url.search.slice(1),
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    request.bodySha256,
  ].join('\n');
  const scope = `${day}/${target.region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', instant, scope, sha256(canonical)].join('\n');
  const key = [day, target.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${target.secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${target.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`,
  };
}

/** `s3://BUCKET[/PREFIX]` apart, null for a folder. */
export function parseS3Url(text: string): { bucket: string; prefix: string } | null {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*))?$/.exec(text) ?? [];
  if (!bucket) return null;
  return { bucket, prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/` };
}

export interface StoredObject {
  key: string;
  bytes: number;
}

export interface S3Store {
  /** Uploads a file under a key, in parts when it is large; refuses to believe it until the store lists its size. */
  put(path: string, key: string): Promise<void>;
  /** Everything under a prefix. */
  list(prefix: string): Promise<StoredObject[]>;
  /** The SHA-256 that was stored with an object, null when it carries none. */
  checksumOf(key: string): Promise<string | null>;
  /** Downloads an object into a file, which gets its name only when it is whole and as it was uploaded. */
  get(key: string, path: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface S3Options {
  /** Larger files go in parts of this size; the store wants at least 5 MiB for all but the last. */
  partBytes?: number;
  /** Milliseconds before a second and a third try of a request that failed on the way. */
  retryAfterMs?: readonly number[];
  now?: () => Date;
}

const PART_BYTES = 16 * 1024 * 1024;
const REQUEST_LIMIT_MS = 120_000;
const CHECKSUM_HEADER = 'x-amz-meta-sha256';
const NO_BODY = { bodySha256: createHash('sha256').digest('hex') };

/**
 * A bucket that speaks S3, addressed by path. Every request is signed with the hash of its body, so that the store
 * refuses what arrives otherwise.
 * @throws BackupError, one line, when the store cannot be reached or refuses
 */
export function createS3Store(target: S3Target, options: S3Options = {}): S3Store {
  const { partBytes = PART_BYTES, retryAfterMs = [1_000, 5_000], now = () => new Date() } = options;

  async function request(
    method: S3Request['method'],
    key: string,
    query: Record<string, string> = {},
    given: { headers?: Record<string, string>; body?: Buffer } = {},
  ): Promise<Response> {
    const url = addressOf(target, key, query);
    const bodySha256 = given.body ? sha256(given.body) : NO_BODY.bodySha256;
    for (let attempt = 0; ; attempt += 1) {
      const headers = signed({ method, url, headers: given.headers ?? {}, bodySha256 }, target, now());
      const wait = retryAfterMs[attempt];
      const answer = await reach(url, { method, headers, body: given.body as BodyInit | undefined }).catch(
        (error: unknown) => {
          if (wait === undefined) throw error;
          return null;
        },
      );
      if (answer && (answer.status < 500 || wait === undefined)) return answer;
      await answer?.body?.cancel();
      await pause(wait);
    }
  }

  async function must(answer: Promise<Response>, what: string): Promise<Response> {
    const got = await answer;
    if (got.ok) return got;
    throw new BackupError(`the store refused ${what}: ${got.status} ${await reasonOf(got)}`.trim());
  }

  async function putInParts(path: string, key: string, bytes: number, sha256Hex: string): Promise<void> {
    const headers = { [CHECKSUM_HEADER]: sha256Hex };
    const begun = await must(request('POST', key, { uploads: '' }, { headers }), 'the backup');
    const [, uploadId] = /<UploadId>([^<]+)<\/UploadId>/.exec(await begun.text()) ?? [];
    if (!uploadId) throw new BackupError('the store began no upload in parts');
    const file = await open(path);
    try {
      const parts: string[] = [];
      for (let from = 0; from < bytes; from += partBytes) {
        const body = Buffer.alloc(Math.min(partBytes, bytes - from));
        await file.read(body, 0, body.length, from);
        const number = String(parts.length + 1);
        const answer = await must(
          request('PUT', key, { partNumber: number, uploadId }, { body }),
          `part ${number} of the backup`,
        );
        parts.push(
          `<Part><PartNumber>${number}</PartNumber><ETag>${answer.headers.get('etag')}</ETag></Part>`,
        );
      }
      const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
      const done = await must(request('POST', key, { uploadId }, { body }), 'the backup');
      // This one answer may be 200 and an error all the same.
      const text = await done.text();
      const [, code] = /<Error>.*?<Code>([^<]*)<\/Code>/s.exec(text) ?? [];
      if (code) throw new BackupError(`the store refused the backup: ${code}`);
    } catch (error) {
      // Parts that nobody completes cost money for ever.
      await request('DELETE', key, { uploadId }).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
  }

  const store: S3Store = {
    async put(path, key) {
      const { size } = await stat(path);
      const { sha256: hash } = await digest(path);
      if (size > partBytes) await putInParts(path, key, size, hash);
      else {
        const file = await open(path);
        const body = await file.readFile().finally(() => file.close());
        await must(request('PUT', key, {}, { body, headers: { [CHECKSUM_HEADER]: hash } }), 'the backup');
      }
      const listed = (await store.list(key)).find((object) => object.key === key);
      if (listed?.bytes !== size) {
        throw new BackupError(
          `the store has ${listed ? `${listed.bytes} bytes of ${size}` : 'no such object'}: ${basename(path)}`,
        );
      }
      const stored = await store.checksumOf(key);
      if (stored !== null && stored !== hash)
        throw new BackupError(`the store holds another ${basename(path)}: its checksum differs`);
    },
    async list(prefix) {
      const found: StoredObject[] = [];
      let token: string | undefined;
      do {
        const query = { 'list-type': '2', prefix, ...(token && { 'continuation-token': token }) };
        const text = await (await must(request('GET', '', query), 'to list its backups')).text();
        for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const [, key = ''] = /<Key>(.*?)<\/Key>/s.exec(entry) ?? [];
          const [, bytes] = /<Size>(\d+)<\/Size>/.exec(entry) ?? [];
          found.push({ key: unescaped(key), bytes: Number(bytes) });
        }
        const [, next] = /<NextContinuationToken>(.*?)<\/NextContinuationToken>/s.exec(text) ?? [];
        token = next && unescaped(next);
      } while (token);
      return found;
    },
    async checksumOf(key) {
      const answer = await request('HEAD', key);
      if (!answer.ok) throw new BackupError(`the store has no ${key}: ${answer.status}`);
      return answer.headers.get(CHECKSUM_HEADER);
    },
    async get(key, path) {
      const answer = await must(request('GET', key), `to give ${key}`);
      const draft = `${path}.part`;
      try {
        const body = answer.body as unknown as ReadableStream | null;
        if (!body) throw new BackupError(`the store gave nothing for ${key}`);
        await pipeline(Readable.fromWeb(body), createWriteStream(draft, { mode: 0o600 }));
        const { sha256: hash } = await digest(draft);
        const expected = answer.headers.get(CHECKSUM_HEADER);
        if (expected !== null && expected !== hash)
          throw new BackupError(`${key} is not as it was uploaded: its checksum differs`);
        await rename(draft, path);
      } finally {
        await rm(draft, { force: true });
      }
    },
    async remove(key) {
      const answer = await request('DELETE', key);
      if (!answer.ok && answer.status !== 404)
        throw new BackupError(
          `the store refused to delete ${key}: ${answer.status} ${await reasonOf(answer)}`,
        );
    },
  };
  return store;
}

/** Encoded as the signature wants it: everything but letters, digits and `-._~`. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function addressOf(target: S3Target, key: string, query: Record<string, string>): URL {
  const path = [target.bucket, ...key.split('/')].map(encoded).join('/');
  const search = Object.entries(query)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
  return new URL(`${target.endpoint}/${path}${search && `?${search}`}`);
}

/** `fetch` hides why it failed in the cause. */
async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_LIMIT_MS), redirect: 'error' });
  } catch (error) {
    const { cause } = error as Error;
    const why = cause instanceof Error ? cause.message : String(error);
    throw new BackupError(`the store at ${url.origin} cannot be reached: ${why}`);
  }
}

async function reasonOf(answer: Response): Promise<string> {
  const text = (await answer.text()).slice(0, 2_000);
  return /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? '';
}

const unescaped = (text: string) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
