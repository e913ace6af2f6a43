import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  CANCEL_REQUEST,
  closeStatement,
  errorResponse,
  GSS_REQUEST,
  messageReader,
  PROTOCOL_3,
  readAnswer,
  readyForQuery,
  simpleQuery,
  SSL_REQUEST,
  SYNC,
  textAt,
  welcome,
  type WireMessage,
} from './wire.ts';

const MAX_MESSAGE_BYTES = 512 * 1024 * 1024;
const BODY_AT = 5;
const [QUERY, PARSE, BIND, CLOSE, STATEMENT] = Buffer.from('QPBCS');
const ROLLBACK = /^\s*(rollback|abort)\b(?!\s+to\b)/i;
const COMMIT = /^\s*(commit|end)\b/i;
/** Fails inside the engine, so that an open transaction fails with it. */
const REFUSE_COPY = simpleQuery(
  `do $$ begin raise exception using errcode = '0A000', message = 'COPY is not available in the embedded database'; end $$`,
);

/** What the bridge asks of the one-session database: the raw bytes of some messages in, the raw answer out. */
export type ExecuteRaw = (messages: Buffer) => Buffer;

export interface BridgeOptions {
  execute: ExecuteRaw;
  /** Told to each client at its start, as a server does. */
  parameters: Record<string, string>;
  /** How long a silent client may hold its transaction while others wait. */
  idleInTransactionMs: number;
  onEvicted: (clientId: number) => void;
}

/** Messages that are executed together: all up to a Sync, a Flush or a simple Query. */
interface Batch {
  messages: Buffer[];
  end: 'sync' | 'flush' | 'query' | 'terminate';
}

interface Client {
  id: number;
  socket: Socket;
  open: Buffer[];
  waiting: Batch[];
  /** After an error nothing counts until the client's next Sync. */
  skipping: boolean;
  /** Name and text of its prepared statements. */
  statements: Map<string, string>;
  /** Its transaction was rolled back because it held others up; it has not yet been told, or has not yet ended it. */
  doomed: boolean;
  gone: boolean;
}

/**
 * Lets many clients share a database that has one session. A client whose transaction or unfinished pipeline is open
 * owns the session; the others wait. Whoever leaves gives it back rolled back and without prepared statements.
 */
export function createBridge(options: BridgeOptions) {
  const clients = new Set<Client>();
  let lastClientId = 0;
  let owner: Client | null = null;
  let queue: Client[] = [];
  /** Prepared statements of those who left, to be closed between two clients' work. */
  const abandoned: string[] = [];
  let stepping = false;
  let eviction: NodeJS.Timeout | null = null;

  function accept(socket: Socket): void {
    lastClientId += 1;
    const client: Client = {
      id: lastClientId,
      socket,
      open: [],
      waiting: [],
      skipping: false,
      statements: new Map(),
      doomed: false,
      gone: false,
    };
    clients.add(client);
    let started = false;
    const read = messageReader(
      () => started,
      (message) => {
        if (client.gone) return;
        if (started) collect(client, message);
        else started = greet(client, message);
      },
      MAX_MESSAGE_BYTES,
    );
    socket.on('data', (chunk: Buffer) => {
      try {
        read(chunk);
      } catch (error) {
        refuse(client, '08P01', (error as Error).message);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => leave(client));
  }

  /** @returns whether the client is let in and speaks in typed messages from here on */
  function greet(client: Client, { bytes }: WireMessage): boolean {
    const code = bytes.length >= 8 ? bytes.readInt32BE(4) : 0;
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      client.socket.write('N');
      return false;
    }
    if (code === CANCEL_REQUEST) {
      // A statement runs to its end here: nothing can reach it, so there is nothing to cancel.
      client.socket.end();
      return false;
    }
    if (code >> 16 !== PROTOCOL_3) {
      refuse(client, '0A000', 'only protocol version 3 is spoken here');
      return false;
    }
    client.socket.write(welcome(options.parameters, { pid: client.id, secret: randomInt(2 ** 31) }));
    return true;
  }

  function refuse(client: Client, code: string, message: string): void {
    client.socket.end(errorResponse('FATAL', code, message));
    leave(client);
  }

  function collect(client: Client, { type, bytes }: WireMessage): void {
    client.open.push(bytes);
    const end =
      type === 'S'
        ? 'sync'
        : type === 'H'
          ? 'flush'
          : type === 'Q'
            ? 'query'
            : type === 'X'
              ? 'terminate'
              : null;
    if (end === null) return;
    client.waiting.push({ messages: client.open, end });
    client.open = [];
    if (client === owner) stopEviction();
    else if (!queue.includes(client)) queue.push(client);
    wake();
  }

  function wake(): void {
    if (stepping) return;
    stepping = true;
    setImmediate(step);
  }

  function step(): void {
    stepping = false;
    if (owner === null && abandoned.length > 0) {
      options.execute(Buffer.concat([...abandoned.splice(0).map(closeStatement), SYNC]));
    }
    const client = owner ?? queue.shift();
    const batch = client?.waiting.shift();
    if (client && batch) {
      run(client, batch);
      if (owner === null && client.waiting.length > 0 && !client.gone) queue.push(client);
    }
    const more = owner === null ? queue.length > 0 : owner.waiting.length > 0;
    if (more) wake();
    else if (owner !== null && queue.length > 0) startEviction(owner);
  }

  function run(client: Client, batch: Batch): void {
    if (batch.end === 'terminate') {
      client.socket.end();
      leave(client);
      return;
    }
    if (client.doomed && answerDoomed(client, batch)) return;
    if (client.skipping && batch.end !== 'sync') return;
    const messages = client.skipping ? [SYNC] : batch.messages.some(isCopy) ? [REFUSE_COPY] : batch.messages;
    const answer = readAnswer(options.execute(Buffer.concat(messages)));
    rememberStatements(client, messages);
    if (answer.forward.length > 0) client.socket.write(answer.forward);
    client.skipping = batch.end === 'flush' && answer.failed;
    if (batch.end === 'flush') {
      owner = client;
      return;
    }
    if (answer.status === null) throw new Error('the engine gave no transaction status');
    client.socket.write(readyForQuery(answer.status));
    owner = answer.status === 'I' ? null : client;
  }

  /** Names live in the shared session: they are dropped when their client goes. */
  function rememberStatements(client: Client, messages: Buffer[]): void {
    for (const message of messages) {
      const type = message[0];
      if (type === PARSE && message[BODY_AT] !== 0)
        client.statements.set(textAt(message, BODY_AT), textOf(message));
      if (type === CLOSE && message[BODY_AT] === STATEMENT)
        client.statements.delete(textAt(message, BODY_AT + 1));
    }
  }

  /**
   * Tells a client that its transaction is gone, as often as it speaks until it ends it. The connection stays: the
   * driver does not survive writing to one that was closed under a transaction.
   * @returns false when the batch is to run after all
   */
  function answerDoomed(client: Client, batch: Batch): boolean {
    if (client.skipping) {
      if (batch.end !== 'sync') return true;
      client.skipping = false;
      client.socket.write(readyForQuery('E'));
      return true;
    }
    const texts = batch.messages.map((message) =>
      message[0] === BIND
        ? (client.statements.get(textAt(message, message.indexOf(0, BODY_AT) + 1)) ?? '')
        : textOf(message),
    );
    if (texts.some((text) => ROLLBACK.test(text))) {
      client.doomed = false;
      return false; // outside a transaction it does nothing but answer
    }
    client.socket.write(
      errorResponse('ERROR', '25P03', 'the transaction was rolled back: idle, it held up the others'),
    );
    if (batch.end === 'flush') {
      client.skipping = true;
      return true;
    }
    client.doomed = !texts.some((text) => COMMIT.test(text));
    client.socket.write(readyForQuery(client.doomed ? 'E' : 'I'));
    return true;
  }

  function leave(client: Client): void {
    if (client.gone) return;
    client.gone = true;
    clients.delete(client);
    client.waiting = [];
    queue = queue.filter((other) => other !== client);
    if (client === owner) release();
    abandoned.push(...client.statements.keys());
    wake();
  }

  /** Whatever the owner left open is rolled back. */
  function release(): void {
    stopEviction();
    owner = null;
    const { status } = readAnswer(options.execute(SYNC));
    if (status !== 'I') options.execute(simpleQuery('rollback'));
  }

  function startEviction(client: Client): void {
    if (eviction) return;
    eviction = setTimeout(() => {
      eviction = null;
      if (client !== owner) return;
      options.onEvicted(client.id);
      client.doomed = true;
      client.skipping = false;
      release();
      wake();
    }, options.idleInTransactionMs);
  }

  function stopEviction(): void {
    if (eviction) clearTimeout(eviction);
    eviction = null;
  }

  return {
    accept,
    /** Whether a statement of the house (checkpoint, vacuum) may run now. */
    idle: () => owner === null && queue.length === 0,
    /** Sends everyone away. */
    close(): void {
      for (const client of [...clients]) {
        leave(client);
        client.socket.destroy();
      }
    },
  };
}

/** The SQL of a Query or Parse message, '' of any other. */
function textOf(message: Buffer): string {
  if (message[0] === QUERY) return textAt(message, BODY_AT);
  return message[0] === PARSE ? textAt(message, message.indexOf(0, BODY_AT) + 1) : '';
}

/** The engine never comes back from waiting for COPY data, so such a statement must not reach it. */
function isCopy(message: Buffer): boolean {
  return /(?:^|;)\s*copy\b[^;]*\b(?:from\s+stdin|to\s+stdout)\b/i.test(textOf(message));
}
