import { createServer, type Server } from 'node:http';
import type { Engine } from './embedded/engine.ts';

/** The embedded router as an OSRM-compatible HTTP server. Every answer is JSON, errors too. */
export function createRoadsServer(engine: Engine): Server {
  const server = createServer((request, response) => {
    let status = 500;
    let text: string;
    try {
      const answer = engine.answer(request.url ?? '/');
      status = answer.status;
      text = JSON.stringify(answer.body);
    } catch {
      text = JSON.stringify({ code: 'InternalError', message: 'Internal error' });
    }
    const bytes = Buffer.from(text);
    response.writeHead(status, {
      'Content-Type': 'application/json; charset=UTF-8',
      'Content-Length': bytes.length,
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Methods': 'GET',
      'Access-Control-Allow-Headers': 'X-Requested-With, Content-Type',
      'Content-Disposition': 'inline; filename="response.json"',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  });
  server.on('connection', (socket) => socket.setNoDelay(true));
  return server;
}
