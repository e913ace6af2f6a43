import { createHash, createHmac } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { BackupError } from './format.ts';

export interface S3Target {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Request {
  method: 'PUT' | 'GET' | 'HEAD';
  url: URL;
  headers: Record<string, string>;
  /** SHA-256 of the body, hex. */
  bodySha256: string;
}

/**
 * The headers of a request with AWS Signature Version 4
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html), which every S3-compatible store takes.
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

/**
 * Uploads a file and asks the store for its size.
 * @param sha256Hex SHA-256 of the file: the store refuses what arrives otherwise
 * @returns the object's address
 * @throws BackupError when the store refuses it or has another size
 */
export async function uploadToS3(
  path: string,
  sha256Hex: string,
  target: S3Target,
  prefix: string,
): Promise<string> {
  const key = `${prefix}${basename(path)}`;
  const url = new URL(
    `${target.endpoint}/${target.bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
  );
  const { size } = await stat(path);
  const put = signed(
    { method: 'PUT', url, headers: { 'content-length': String(size) }, bodySha256: sha256Hex },
    target,
    new Date(),
  );
  // A stream as body needs `duplex`, which the type of browsers' fetch does not know.
  const upload: RequestInit & { duplex: 'half' } = {
    method: 'PUT',
    headers: put,
    body: Readable.toWeb(createReadStream(path)) as unknown as BodyInit,
    duplex: 'half',
  };
  const answer = await reach(url, upload);
  if (!answer.ok)
    throw new BackupError(`the store refused the backup: ${answer.status} ${await reasonOf(answer)}`);
  const head = signed({ method: 'HEAD', url, headers: {}, bodySha256: sha256('') }, target, new Date());
  const stored = await reach(url, { method: 'HEAD', headers: head });
  const storedSize = Number(stored.headers.get('content-length'));
  if (!stored.ok || storedSize !== size) {
    throw new BackupError(`the store has ${stored.ok ? `${storedSize} bytes of ${size}` : 'no such object'}`);
  }
  return `s3://${target.bucket}/${key}`;
}

/** `fetch` hides why it failed in the cause. */
async function reach(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
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

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
