/**
 * The PostgreSQL wire protocol (version 3), as much of it as a bridge needs: cutting streams into messages and writing
 * the few answers the bridge gives by itself. Format: PostgreSQL manual, "Message Formats".
 */

export const PROTOCOL_3 = 3;
export const SSL_REQUEST = 80_877_103;
export const GSS_REQUEST = 80_877_104;
export const CANCEL_REQUEST = 80_877_102;

const LENGTH_BYTES = 4;
const TYPE_BYTES = 1;

/** What a stream brought: a start-up packet (no type letter) or a message with its letter. */
export interface WireMessage {
  /** One letter; empty for a start-up packet. */
  type: string;
  /** The whole message, type and length included. */
  bytes: Buffer;
}

/**
 * Cuts a client's stream into messages, whatever the chunks are. The first messages have no type letter: the reader
 * stays in that form until `started()` says that a start-up packet was accepted.
 * @throws RangeError when a message claims to be longer than `maxBytes` or shorter than its own length field
 */
export function messageReader(
  started: () => boolean,
  onMessage: (message: WireMessage) => void,
  maxBytes: number,
): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let gathered = 0;
  let needed = 0;
  return (chunk) => {
    chunks.push(chunk);
    gathered += chunk.length;
    if (gathered < needed) return;
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks, gathered);
    for (;;) {
      const lengthAt = started() ? TYPE_BYTES : 0;
      if (rest.length < lengthAt + LENGTH_BYTES) {
        needed = lengthAt + LENGTH_BYTES;
        break;
      }
      const length = rest.readInt32BE(lengthAt);
      if (length < LENGTH_BYTES || length > maxBytes) {
        throw new RangeError(`a message of ${length} bytes was refused`);
      }
      needed = lengthAt + length;
      if (rest.length < needed) break;
      const bytes = rest.subarray(0, needed);
      rest = rest.subarray(needed);
      onMessage({ type: lengthAt === 0 ? '' : String.fromCharCode(bytes[0] ?? 0), bytes });
    }
    chunks = rest.length > 0 ? [rest] : [];
    gathered = rest.length;
  };
}

/** What a backend answered: everything except ReadyForQuery, the last transaction status, and whether it failed. */
export interface BackendAnswer {
  /** The messages to pass on, ReadyForQuery left out. */
  forward: Buffer;
  /** `I` idle, `T` in a transaction, `E` in a failed one; null when no ReadyForQuery came. */
  status: string | null;
  failed: boolean;
}

/** Takes ReadyForQuery out of a backend's answer: the bridge decides when a client may have it, and gives it one. */
export function readAnswer(answer: Buffer): BackendAnswer {
  const kept: Buffer[] = [];
  let status: string | null = null;
  let failed = false;
  let keptFrom = 0;
  let at = 0;
  while (at < answer.length) {
    const type = String.fromCharCode(answer[at] ?? 0);
    const next = at + TYPE_BYTES + answer.readInt32BE(at + TYPE_BYTES);
    if (type === 'E') failed = true;
    if (type === 'Z') {
      status = String.fromCharCode(answer[at + TYPE_BYTES + LENGTH_BYTES] ?? 0);
      if (keptFrom < at) kept.push(answer.subarray(keptFrom, at));
      keptFrom = next;
    }
    at = next;
  }
  if (keptFrom < at) kept.push(answer.subarray(keptFrom, at));
  return { forward: kept.length === 1 && kept[0] ? kept[0] : Buffer.concat(kept), status, failed };
}

/** A message of any type from its letter and its fields. Strings end with a zero byte, numbers are 32 bits wide. */
export function wireMessage(type: string, ...fields: (string | number | Buffer)[]): Buffer {
  const body = Buffer.concat(
    fields.map((field) => {
      if (typeof field === 'string') return Buffer.from(`${field}\0`);
      if (typeof field === 'number') {
        const number = Buffer.alloc(LENGTH_BYTES);
        number.writeInt32BE(field);
        return number;
      }
      return field;
    }),
  );
  const head = Buffer.alloc(TYPE_BYTES + LENGTH_BYTES);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(LENGTH_BYTES + body.length, TYPE_BYTES);
  return Buffer.concat([head, body]);
}

export const SYNC = wireMessage('S');

export function simpleQuery(text: string): Buffer {
  return wireMessage('Q', text);
}

/** Closes a named prepared statement. */
export function closeStatement(name: string): Buffer {
  return wireMessage('C', Buffer.from('S'), name);
}

export function readyForQuery(status: string): Buffer {
  return wireMessage('Z', Buffer.from(status));
}

export function errorResponse(severity: 'ERROR' | 'FATAL', code: string, message: string): Buffer {
  return wireMessage('E', `S${severity}`, `V${severity}`, `C${code}`, `M${message}`, Buffer.from([0]));
}

/** What a server says once a client is let in: no password, its parameters, the key of this connection. */
export function welcome(parameters: Record<string, string>, key: { pid: number; secret: number }): Buffer {
  return Buffer.concat([
    wireMessage('R', 0),
    ...Object.entries(parameters).map(([name, value]) => wireMessage('S', name, value)),
    wireMessage('K', key.pid, key.secret),
    readyForQuery('I'),
  ]);
}

/** The zero-ended string at an offset. */
export function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, end === -1 ? bytes.length : end);
}
