/** Small, seeded, and fast enough for millions: a mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ODD_TEXTS = [
  '',
  '0',
  '-0',
  '-1',
  '1e999',
  'NaN',
  'Infinity',
  'null',
  'true',
  '[]',
  '{}',
  '"',
  '\\u0000',
  '9007199254740993',
  '1795532400',
  '2026-13-45T99:99:99Z',
  '\ud800',
  '%',
  '__proto__',
  'constructor',
  '-90.0000001',
  '180.0000001',
];

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1e308,
  -1e308,
  Number.MIN_VALUE,
  2 ** 53,
  '',
  'NaN',
  '1',
  [],
  {},
  [[]],
  { __proto__: null },
];

/**
 * A text near a real one: bytes changed, cut, repeated, swapped for odd ones, or spliced from two. Most stay close
 * enough to get past the first check, which is where the interesting faults are.
 */
export function mangledText(random: () => number, corpus: readonly string[]): string {
  const pick = () => corpus[Math.floor(random() * corpus.length)]!;
  let text = pick();
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++) {
    const at = Math.floor(random() * (text.length + 1));
    const kind = random();
    if (kind < 0.25)
      text = text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
    else if (kind < 0.4) text = text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 8));
    else if (kind < 0.5) text = text.slice(0, at);
    else if (kind < 0.6) text = text.slice(0, at) + text.slice(Math.max(0, at - 12));
    else if (kind < 0.7) text = text.slice(0, at) + pick().slice(at);
    else text = text.slice(0, at) + ODD_TEXTS[Math.floor(random() * ODD_TEXTS.length)]! + text.slice(at);
  }
  return text;
}

/** A value like a real one, with some of its parts, at any depth, changed for odd ones, removed or moved. */
export function mangledValue(random: () => number, corpus: readonly unknown[]): unknown {
  const chance = 0.05 + random() * 0.3;
  const odd = () => ODD_VALUES[Math.floor(random() * ODD_VALUES.length)];
  const change = (value: unknown): unknown => {
    if (random() < chance / 3) return odd();
    if (Array.isArray(value)) {
      return value.map(change).concat(random() < chance ? [odd()] : []);
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
        if (random() < chance / 2) return [];
        return [[random() < chance / 6 ? `${key}x` : key, change(inner)]];
      });
      return Object.fromEntries(entries);
    }
    if (random() >= chance) return value;
    if (typeof value === 'number')
      return random() < 0.5 ? value * (random() * 4 - 2) * 10 ** (random() * 8) : odd();
    if (typeof value === 'string') return random() < 0.5 ? mangledText(random, [value]) : odd();
    return odd();
  };
  return change(corpus[Math.floor(random() * corpus.length)]);
}
