import { randomInt } from 'node:crypto';

/** No 0/O, 1/I/L: it is read aloud and typed by hand. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789';
const LENGTH = 10;

/** What a citizen follows an incident by: 31^10 possibilities, from the system's own randomness. */
export function newIncidentCode(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** As typed by hand: dashes, spaces and small letters do not matter. */
export function readIncidentCode(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, '');
}
