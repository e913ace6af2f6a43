import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  errorResponse,
  messageReader,
  readAnswer,
  readyForQuery,
  simpleQuery,
  SYNC,
  textAt,
  wireMessage,
} from './wire.ts';

const startup = () => {
  const packet = Buffer.alloc(8);
  packet.writeInt32BE(8, 0);
  packet.writeInt32BE(196_608, 4);
  return packet;
};

/** Feeds bytes in pieces of the given sizes and gives the messages that came out. */
function cut(bytes: Buffer, sizes: number[], started = true) {
  const seen: { type: string; bytes: Buffer }[] = [];
  let isStarted = started;
  const read = messageReader(
    () => isStarted,
    (message) => {
      seen.push({ type: message.type, bytes: Buffer.from(message.bytes) });
      isStarted = true;
    },
    1_000_000,
  );
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    read(bytes.subarray(at, at + size));
    at += size;
  }
  return seen;
}

describe('messageReader', () => {
  it('finds the same messages however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('P', 'B', 'E', 'S', 'Q'), fc.uint8Array({ maxLength: 300 })), {
          maxLength: 20,
        }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
        (messages, sizes) => {
          const whole = messages.map(([type, body]) => wireMessage(type, Buffer.from(body)));
          const seen = cut(Buffer.concat(whole), sizes);
          expect(seen.map(({ bytes }) => bytes.toString('hex'))).toEqual(
            whole.map((bytes) => bytes.toString('hex')),
          );
          expect(seen.map(({ type }) => type)).toEqual(messages.map(([type]) => type));
        },
      ),
      { seed: 7, numRuns: 200 },
    );
  });

  it('reads a start-up packet without a letter and what follows with one, in one chunk', () => {
    const seen = cut(Buffer.concat([startup(), simpleQuery('select 1')]), [1_000], false);
    expect(seen.map(({ type }) => type)).toEqual(['', 'Q']);
    expect(textAt(seen[1]?.bytes ?? Buffer.alloc(0), 5)).toBe('select 1');
  });

  it('refuses a length that is too long or impossible', () => {
    const claim = (length: number) => {
      const head = Buffer.from('Q\0\0\0\0');
      head.writeInt32BE(length, 1);
      return head;
    };
    expect(() => cut(claim(1_000_001), [5])).toThrow(RangeError);
    expect(() => cut(claim(3), [5])).toThrow(RangeError);
    expect(() => cut(claim(-1), [5])).toThrow(RangeError);
  });
});

describe('readAnswer', () => {
  it('takes every ReadyForQuery out and keeps the status of the last', () => {
    const error = errorResponse('ERROR', '23505', 'twice');
    const answer = readAnswer(Buffer.concat([error, readyForQuery('T'), readyForQuery('E')]));
    expect(answer).toMatchObject({ status: 'E', failed: true });
    expect(answer.forward.equals(error)).toBe(true);
  });

  it('keeps what stands around it', () => {
    const [before, after] = [wireMessage('1'), wireMessage('C', 'SELECT 1')];
    const answer = readAnswer(Buffer.concat([before, readyForQuery('I'), after]));
    expect(answer.forward.equals(Buffer.concat([before, after]))).toBe(true);
    expect(answer.failed).toBe(false);
  });

  it('has no status where none came', () => {
    expect(readAnswer(wireMessage('1')).status).toBeNull();
    expect(readAnswer(Buffer.alloc(0)).forward).toHaveLength(0);
  });
});

it('writes a Sync as the protocol has it', () => {
  expect([...SYNC]).toEqual([0x53, 0, 0, 0, 4]);
});
