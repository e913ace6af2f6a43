import { Agent, get as httpGet } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { DomainError } from '../../shared/errors.ts';
import type { LearnedSpeed } from './embedded/speeds.ts';
import type { Closure } from './roads.ts';

export interface OsrmAnswer {
  status: number;
  body: unknown;
}

/**
 * Carries one OSRM v1 request (path and query) to a router and its answer back; rejects when there is none. The
 * embedded router also takes closures, which no OSRM request can express.
 */
export interface OsrmTransport {
  (pathAndQuery: string): Promise<OsrmAnswer>;
  setClosures?(closures: readonly Closure[]): Promise<void>;
  /** Learned speeds for an hour of the day, until set anew; none restores the map's own. */
  setSpeeds?(speeds: readonly LearnedSpeed[], hour: number): Promise<void>;
  close?(): Promise<void>;
}

const MAX_SOCKETS = 8;
const SOCKET_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** A real osrm-routed. Connections are pooled and unbuffered: delayed acknowledgements would cost 40 ms a call. */
export function httpTransport(baseUrl: string): OsrmTransport {
  const base = baseUrl.replace(/\/+$/, '');
  const secure = base.startsWith('https:');
  const options = { keepAlive: true, noDelay: true, maxSockets: MAX_SOCKETS };
  const agent = secure ? new HttpsAgent(options) : new Agent(options);
  const ask = (pathAndQuery: string): Promise<OsrmAnswer> =>
    new Promise((resolve, reject) => {
      const get = secure ? httpsGet : httpGet;
      const request = get(base + pathAndQuery, { agent, timeout: SOCKET_TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) request.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        response.on('end', () => {
          try {
            const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
            resolve({ status: response.statusCode ?? 0, body });
          } catch {
            reject(new Error(`the router answered ${response.statusCode ?? 0} without JSON`));
          }
        });
        response.on('error', reject);
      });
      request.on('socket', (socket) => socket.setNoDelay(true));
      request.on('timeout', () => request.destroy(new Error('the router does not answer')));
      request.on('error', reject);
    });
  return Object.assign(ask, {
    close: async () => {
      agent.destroy();
    },
  });
}

/** What goes to the worker, and what comes back under the same id. */
export type WorkerRequest =
  | { id: number; ask: string }
  | { id: number; closures: readonly Closure[] }
  | { id: number; speeds: readonly LearnedSpeed[]; hour: number };
export interface WorkerReply {
  id: number;
  status?: number;
  /** JSON text as bytes, handed over without copying. */
  json?: Uint8Array;
  error?: string;
}

/**
 * The embedded router in a worker thread, over a graph file made by `map:import`. A worker that dies is started anew
 * with the next request and gets the closures again; what was under way rejects.
 */
export function workerTransport(graphFile: string): OsrmTransport {
  let worker: Worker | null = null;
  let closed = false;
  let nextId = 1;
  let closures: readonly Closure[] = [];
  let learned: { speeds: readonly LearnedSpeed[]; hour: number } = { speeds: [], hour: 0 };
  const waiting = new Map<
    number,
    { resolve: (reply: WorkerReply) => void; reject: (error: Error) => void }
  >();

  const fail = (dead: Worker, error: Error): void => {
    if (worker !== dead) return;
    worker = null;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const start = (): Worker => {
    const started = startWorker(graphFile);
    started.unref();
    started.on('message', (reply: WorkerReply) => {
      const caller = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (waiting.size === 0) started.unref();
      if (reply.error !== undefined) caller?.reject(new Error(reply.error));
      else caller?.resolve(reply);
    });
    started.on('error', (error) => fail(started, error instanceof Error ? error : new Error(String(error))));
    started.on('exit', (code) => fail(started, new Error(`the router stopped (${code})`)));
    return started;
  };
  const send = (make: (id: number) => WorkerRequest): Promise<WorkerReply> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new DomainError('shutting-down', 'The router is closed.'));
      if (worker === null) {
        worker = start();
        if (learned.speeds.length > 0) worker.postMessage({ id: 0, ...learned } satisfies WorkerRequest);
        if (closures.length > 0) worker.postMessage({ id: 0, closures } satisfies WorkerRequest);
      }
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage(make(id));
    });
  // Loading begins at once, so that the first question does not wait for all of it.
  worker = start();
  const ask = async (pathAndQuery: string): Promise<OsrmAnswer> => {
    const reply = await send((id) => ({ id, ask: pathAndQuery }));
    const text = Buffer.from(reply.json ?? new Uint8Array()).toString('utf8');
    return { status: reply.status ?? 500, body: JSON.parse(text) as unknown };
  };
  return Object.assign(ask, {
    setClosures: async (next: readonly Closure[]) => {
      closures = next;
      await send((id) => ({ id, closures: next }));
    },
    setSpeeds: async (speeds: readonly LearnedSpeed[], hour: number) => {
      learned = { speeds, hour };
      await send((id) => ({ id, speeds, hour }));
    },
    close: async () => {
      closed = true;
      const stopping = worker;
      worker = null;
      for (const { reject } of waiting.values())
        reject(new DomainError('shutting-down', 'The router is closed.'));
      waiting.clear();
      await stopping?.terminate();
    },
  });
}

function startWorker(graphFile: string): Worker {
  const here = import.meta.url;
  const workerData = { graphFile };
  if (!here.endsWith('.ts')) return new Worker(new URL('./roads-worker.js', here), { workerData });
  // Node 20 does not hand `--import tsx` down to its threads, so the thread registers the loader by itself.
  const loader = pathToFileURL(createRequire(here).resolve('tsx/esm/api')).href.replace(/\.cjs$/, '.mjs');
  const source = new URL('./embedded-worker.ts', here).href;
  const boot = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(source)}); })`;
  return new Worker(boot, { eval: true, workerData, execArgv: [] });
}
