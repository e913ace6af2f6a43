import { get, type IncomingMessage } from 'node:http';

export interface StreamMessage {
  id?: string;
  event?: string;
  data: unknown;
}

export interface EventStream {
  status: number | undefined;
  /** The next message that is no ping; null once the stream has ended. */
  next(): Promise<StreamMessage | null>;
  /** Resolves when the other side has ended it. */
  ended: Promise<void>;
  close(): void;
}

/** An event stream as a browser reads it. */
export async function openEventStream(
  url: string,
  path: string,
  token: string | null,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const bearer: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(
      `${url}/trpc/${path}`,
      { agent: false, headers: { accept: 'text/event-stream', ...bearer, ...headers } },
      resolve,
    ).on('error', reject);
  });
  const messages: StreamMessage[] = [];
  const waiting: ((message: StreamMessage | null) => void)[] = [];
  let isOver = false;
  let rest = '';
  const ended = new Promise<void>((resolve) => {
    response.once('close', () => {
      isOver = true;
      for (const wake of waiting.splice(0)) wake(null);
      resolve();
    });
  });
  response.setEncoding('utf8');
  response.on('error', () => undefined);
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').flatMap((line) => {
          const at = line.indexOf(': ');
          return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 2)]];
        }),
      ) as Record<string, string>;
      if (fields.event === 'ping') continue;
      const message: StreamMessage = {
        ...fields,
        data: fields.data ? (JSON.parse(fields.data) as unknown) : null,
      };
      const wake = waiting.shift();
      if (wake) wake(message);
      else messages.push(message);
    }
  });
  return {
    status: response.statusCode,
    ended,
    next: () => {
      const ready = messages.shift();
      if (ready) return Promise.resolve(ready);
      if (isOver) return Promise.resolve(null);
      return new Promise((resolve) => waiting.push(resolve));
    },
    close: () => response.destroy(),
  };
}
