import { describe, expect, it } from 'vitest';
import { nameOf } from './keys.ts';

const key = (name: string, change: Partial<KeyboardEvent> = {}) =>
  nameOf({ key: name, ctrlKey: false, metaKey: false, shiftKey: false, ...change });

describe('names of keys', () => {
  it.each([
    [key('v'), 'v'],
    [key('V', { shiftKey: true }), 'shift+v'],
    [key('z', { metaKey: true }), 'mod+z'],
    [key('Z', { ctrlKey: true, shiftKey: true }), 'mod+shift+z'],
    [key('?', { shiftKey: true }), '?'],
    [key('+', { shiftKey: true }), '+'],
    [key('Escape'), 'Escape'],
    [key(' '), ' '],
  ])('%s', (name, expected) => expect(name).toBe(expected));
});
