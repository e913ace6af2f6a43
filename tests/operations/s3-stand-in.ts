import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Kept {
  body: Buffer;
  sha256: string | null;
}

/** A store that speaks enough S3 to be believed, and believes nobody: each signature is computed anew. */
export interface S3StandIn {
  endpoint: string;
  /** By `bucket/key`. */
  objects: Map<string, Kept>;
  /** Method and path of each request it accepted. */
  requests: string[];
  /** Uploads in parts that were begun and neither completed nor given up. */
  unfinished: Map<string, Map<number, Buffer>>;
  /** Answers requests this makes a status for; null lets them pass. */
  fault: ((method: string, path: string) => number | null) | null;
  /** Bytes it loses from the end of what it stores. */
  loses: number;
  close(): Promise<void>;
}

const PAGE = 3;

export async function startS3StandIn(keys: {
  accessKeyId: string;
  secretAccessKey: string;
}): Promise<S3StandIn> {
  const objects = new Map<string, Kept>();
  const unfinished = new Map<string, Map<number, Buffer>>();
  const refuse = (response: ServerResponse, status: number, code: string) =>
    response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);

  const server = createServer((request, response) => void answer(request, response));
  const self: S3StandIn = {
    endpoint: '',
    objects,
    unfinished,
    requests: [],
    fault: null,
    loses: 0,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const method = request.method ?? '';
    const url = new URL(request.url ?? '', 'http://stand-in');
    const fault = self.fault?.(method, url.pathname);
    if (fault) return void refuse(response, fault, 'InternalError');
    if (signatureOf(request, keys.secretAccessKey) !== givenSignature(request, keys.accessKeyId))
      return void refuse(response, 403, 'SignatureDoesNotMatch');
    if (createHash('sha256').update(body).digest('hex') !== request.headers['x-amz-content-sha256'])
      return void refuse(response, 400, 'XAmzContentSHA256Mismatch');
    self.requests.push(`${method} ${url.pathname}`);
    const name = decodeURIComponent(url.pathname.slice(1));
    const sha256 = (request.headers['x-amz-meta-sha256'] as string | undefined) ?? null;
    const uploadId = url.searchParams.get('uploadId');
    if (url.searchParams.get('list-type') === '2') return list(url, name, response);
    if (method === 'POST' && url.searchParams.has('uploads')) {
      const id = `${randomUUID()} ${sha256}`;
      unfinished.set(id, new Map());
      return void response.end(
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (uploadId !== null) {
      const parts = unfinished.get(uploadId);
      if (!parts) return void refuse(response, 404, 'NoSuchUpload');
      if (method === 'DELETE') {
        unfinished.delete(uploadId);
        return void response.writeHead(204).end();
      }
      if (method === 'PUT') {
        parts.set(Number(url.searchParams.get('partNumber')), body);
        return void response.writeHead(200, { etag: `"${parts.size}"` }).end();
      }
      const wanted = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, n]) => Number(n));
      const whole = Buffer.concat(wanted.map((n) => parts.get(n) ?? Buffer.alloc(0)));
      keep(name, whole, uploadId.split(' ')[1] ?? null);
      unfinished.delete(uploadId);
      return void response.end('<CompleteMultipartUploadResult/>');
    }
    if (method === 'PUT') {
      keep(name, body, sha256);
      return void response.end();
    }
    const found = objects.get(name);
    if (!found) return void refuse(response, 404, 'NoSuchKey');
    if (method === 'DELETE') {
      objects.delete(name);
      return void response.writeHead(204).end();
    }
    response.writeHead(200, {
      'content-length': found.body.length,
      ...(found.sha256 && { 'x-amz-meta-sha256': found.sha256 }),
    });
    response.end(method === 'HEAD' ? undefined : found.body);
  }

  function keep(name: string, body: Buffer, sha256: string | null): void {
    objects.set(name, { body: body.subarray(0, body.length - self.loses), sha256 });
  }

  function list(url: URL, bucket: string, response: ServerResponse): void {
    const prefix = `${bucket.replace(/\/$/, '')}/${url.searchParams.get('prefix') ?? ''}`;
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    const from = Number(url.searchParams.get('continuation-token')?.replace('&=', '') ?? 0);
    const shown = names.slice(from, from + PAGE).map((name) => {
      const key = name.slice(name.indexOf('/') + 1).replaceAll('&', '&amp;');
      return `<Contents><Key>${key}</Key><Size>${objects.get(name)?.body.length}</Size></Contents>`;
    });
    const more = from + PAGE < names.length;
    response.end(
      `<ListBucketResult>${shown.join('')}${more ? `<NextContinuationToken>&amp;=${from + PAGE}</NextContinuationToken>` : ''}</ListBucketResult>`,
    );
  }

  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  self.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return self;
}

function givenSignature(request: IncomingMessage, accessKeyId: string): string | undefined {
  const authorization = request.headers.authorization ?? '';
  if (!authorization.startsWith(`AWS4-HMAC-SHA256 Credential=${accessKeyId}/`)) return undefined;
  return /Signature=([0-9a-f]{64})$/.exec(authorization)?.[1];
}

/** What the client must have computed, from what arrived: AWS Signature Version 4, step by step. */
function signatureOf(request: IncomingMessage, secret: string): string | null {
  const [, scope = '', names = ''] =
    /Credential=[^/]+\/([^,]+),\s*SignedHeaders=([^,]+),/.exec(request.headers.authorization ?? '') ?? [];
  const [day = '', region = '', service = '', last = ''] = scope.split('/');
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const sorted = query
    .split('&')
    .filter(Boolean)
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort();
  const headers = names.split(';').map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`);
  const bodyHash = String(request.headers['x-amz-content-sha256']);
  const canonical = `${request.method}\n${path}\n${sorted.join('&')}\n${headers.join('')}\n${names}\n${bodyHash}`;
  const hashed = createHash('sha256').update(canonical).digest('hex');
  const toSign = `AWS4-HMAC-SHA256\n${String(request.headers['x-amz-date'])}\n${scope}\n${hashed}`;
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const signingKey = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), last);
  return createHmac('sha256', signingKey).update(toSign).digest('hex');
}
