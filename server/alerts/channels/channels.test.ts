import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALERT_KINDS } from '../../../shared/alerts.ts';
import { MAX_ATTEMPTS, retryDelayS } from '../backoff.ts';
import { shiftEndMs } from '../shift-end.ts';
import { asDeliveryError, judgeAnswer } from './channel.ts';
import { guardedPost, isPrivateAddress } from './guarded-request.ts';
import { signWebhook } from './webhook.ts';
import { wordsOf } from './words.ts';

describe('addresses nobody may be sent to', () => {
  it.each([
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.31.0.1', true],
    ['192.168.1.1', true],
    ['169.254.169.254', true],
    ['0.0.0.0', true],
    ['::1', true],
    ['::', true],
    ['fd00::1', true],
    ['fe80::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:7f00:1', true],
    ['64:ff9b::7f00:1', true],
    ['not an address', true],
    ['8.8.8.8', false],
    ['172.32.0.1', false],
    ['2606:4700::1111', false],
  ])('%s is private: %s', (address, expected) => expect(isPrivateAddress(address)).toBe(expected));

  it.each(['http://127.0.0.1:1/', 'http://[::1]:1/', 'http://2130706433:1/', 'http://localhost:1/'])(
    '%s is refused before connecting',
    async (url) => {
      const asked = { url, headers: {}, body: '{}', timeoutMs: 2_000, allowPrivate: false };
      await expect(guardedPost(asked)).rejects.toThrow('address-not-allowed');
    },
  );
});

describe('trying again', () => {
  it('waits longer each time, never together, never over an hour, and as long as it was asked to', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const delayS = retryDelayS(attempt, random, null);
          expect(delayS).toBeGreaterThanOrEqual(2.5);
          expect(delayS).toBeLessThanOrEqual(3_600);
          expect(retryDelayS(attempt, random, 120)).toBeGreaterThanOrEqual(120);
          if (attempt < 10)
            expect(retryDelayS(attempt + 1, random, null)).toBeCloseTo(Math.min(3_600, delayS * 2), 6);
        },
      ),
      { seed: 6, numRuns: 200 },
    );
    expect(retryDelayS(1, 0, null)).not.toBe(retryDelayS(1, 0.9, null));
    expect(MAX_ATTEMPTS).toBeGreaterThan(5);
  });

  it.each([
    [200, 'taken'],
    [204, 'taken'],
    [301, 'never'],
    [400, 'never'],
    [404, 'never'],
    [408, 'later'],
    [429, 'later'],
    [500, 'later'],
    [503, 'later'],
  ])('an answer of %i: %s', (status, expected) => {
    let seen = 'taken';
    try {
      judgeAnswer({ status, retryAfterS: null });
    } catch (error) {
      seen = asDeliveryError(error).isFinal ? 'never' : 'later';
    }
    expect(seen).toBe(expected);
  });

  it('never repeats an address in what it says of a failure', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED https://bot/123:secret'), {
      code: 'ECONNREFUSED',
    });
    expect(asDeliveryError(error).message).toBe('ECONNREFUSED');
    expect(asDeliveryError(new Error('getaddrinfo secret.example')).message).toBe('not-delivered');
  });
});

it('a webhook is signed as its description says', () => {
  // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac clave
  expect(signWebhook('clave', 1_700_000_000, '{"a":1}')).toBe(
    'sha256=cb2b2ad44c902f4477a88a59965059d44d06ff1664d70feded67d5bd3b193059',
  );
});

describe('a message in words', () => {
  const told = (kind: (typeof ALERT_KINDS)[number]) => ({
    kind,
    level: 'high' as const,
    details: { plate: 'XBA-1234' },
    raisedAtMs: Date.parse('2026-03-02T17:05:00Z'),
  });
  it.each(ALERT_KINDS)('says what %s is, in both languages', (kind) => {
    const es = wordsOf(told(kind), 'raised', 'es');
    const en = wordsOf(told(kind), 'raised', 'en');
    expect(es.title).toMatch(/^\[Alta\] .+: XBA-1234$/);
    expect(en.title).toMatch(/^\[High\] .+: XBA-1234$/);
    expect(es.title).not.toBe(en.title);
    expect(es.text).toContain('12:05');
    expect(`${es.text}${en.text}`).not.toMatch(/undefined|NaN|null/);
  });
  it('is one line whatever a plate says', () => {
    const words = wordsOf({ ...told('speeding'), details: { plate: 'A\r\nBcc: x\u0000' } }, 'raised', 'es');
    expect(words.title).not.toMatch(/\p{C}/u);
  });
});

describe('the end of a shift', () => {
  const at = (local: string) => Date.parse(`${local}-05:00`);
  it.each([
    ['2026-03-02T12:00:00', '2026-03-02T19:00:00'],
    ['2026-03-02T18:59:59', '2026-03-02T19:00:00'],
    ['2026-03-02T19:00:00', '2026-03-03T05:00:00'],
    ['2026-03-03T04:59:00', '2026-03-03T05:00:00'],
  ])('of the room at %s is %s', (now, end) => expect(shiftEndMs(at(now), null, 8 * 3_600)).toBe(at(end)));
  it('of a truck is its own, while it lasts', () => {
    const began = at('2026-03-02T06:00:00');
    expect(shiftEndMs(at('2026-03-02T12:00:00'), began, 8 * 3_600)).toBe(at('2026-03-02T14:00:00'));
    expect(shiftEndMs(at('2026-03-02T15:00:00'), began, 8 * 3_600)).toBe(at('2026-03-02T19:00:00'));
  });
});
