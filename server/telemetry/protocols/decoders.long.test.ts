import { expect, it } from 'vitest';
import { DECODERS, fuzz } from '../../../tests/telemetry/fuzz-decoders.ts';

const INPUTS = 1_000_000;

it.each(Object.entries(DECODERS))(
  '%s: a million inputs near real ones pass or are refused by a word of the contract',
  (_name, decode) => {
    const { passed, refused } = fuzz(decode, INPUTS, 20_261_124);
    expect(passed).toBeGreaterThan(INPUTS / 100);
    expect(refused).toBeGreaterThan(INPUTS / 100);
  },
);
