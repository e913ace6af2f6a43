/** The embedded router's thread: answers OSRM requests from a graph file until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads';
import { Engine, NO_LIMITS } from './embedded/engine.ts';
import { readGraphFile } from './graph-file.ts';
import type { WorkerReply, WorkerRequest } from './transport.ts';

const { graphFile } = workerData as { graphFile: string };
const engine = new Engine(readGraphFile(graphFile), NO_LIMITS);
const encoder = new TextEncoder();

parentPort?.on('message', (request: WorkerRequest) => {
  const reply = answer(request);
  parentPort?.postMessage(reply, reply.json ? [reply.json.buffer as ArrayBuffer] : []);
});

function answer(request: WorkerRequest): WorkerReply {
  try {
    if ('closures' in request) {
      engine.setClosures(request.closures);
      return { id: request.id };
    }
    if ('speeds' in request) {
      engine.setSpeeds(request.speeds, request.hour);
      return { id: request.id };
    }
    const { status, body } = engine.answer(request.ask);
    return { id: request.id, status, json: encoder.encode(JSON.stringify(body)) };
  } catch (error) {
    return { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
}
