import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an error-report service receives: envelopes by POST, and by GET everything received so far as JSON. */
export async function startReportInbox(): Promise<{ url: string; close(): Promise<void> }> {
  const received: { path: string; body: string }[] = [];
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    if (request.method === 'GET') return void response.end(JSON.stringify(received));
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString() });
      response.end('{}');
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}
