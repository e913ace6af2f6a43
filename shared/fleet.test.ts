import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROLES, roleCovers } from './actor.ts';
import { ASSIGNMENT_STATES, assertAssignmentTransition, isCedula, plate } from './fleet.ts';
import { ROUTE_STATES, STOP_STATES, assertRouteTransition, assertStopTransition } from './plan.ts';

function allowed<T extends string>(states: readonly T[], assert: (from: T, to: T) => void): string[] {
  return states.flatMap((from) =>
    states.flatMap((to) => {
      try {
        assert(from, to);
        return [`${from} → ${to}`];
      } catch {
        return [];
      }
    }),
  );
}

describe('states of what is driven', () => {
  it('assignment', () =>
    expect(allowed(ASSIGNMENT_STATES, assertAssignmentTransition)).toEqual([
      'assigned → started',
      'assigned → cancelled',
      'started → completed',
      'started → cancelled',
    ]));

  it('route', () =>
    expect(allowed(ROUTE_STATES, assertRouteTransition)).toEqual([
      'planned → running',
      'planned → cancelled',
      'running → done',
      'running → cancelled',
    ]));

  it('stop; en route → planned is for a truck out of service', () =>
    expect(allowed(STOP_STATES, assertStopTransition)).toEqual([
      'planned → enroute',
      'planned → done',
      'planned → failed',
      'enroute → planned',
      'enroute → done',
      'enroute → failed',
    ]));
});

describe('a cédula', () => {
  it.each(['1710034065', '0502345671', '0501234561'])('%s is one', (value) =>
    expect(isCedula(value)).toBe(true),
  );

  it.each([
    '1710034066',
    '171003406',
    '17100340655',
    '2510034065',
    '0010034065',
    '1760034065',
    '171003406x',
    '',
  ])('%s is none', (value) => expect(isCedula(value)).toBe(false));

  it('any single mistyped digit is noticed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('1710034065', '0502345671', '0501234561'),
        fc.nat(9),
        fc.integer({ min: 1, max: 9 }),
        (value, at, by) => {
          const digits = [...value].map(Number);
          digits[at] = (digits[at]! + by) % 10;
          expect(isCedula(digits.join(''))).toBe(false);
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe('a plate', () => {
  it('is written one way however it was typed', () => expect(plate.parse(' xba-0123 ')).toBe('XBA-0123'));
  it.each(['', 'X', '<b>', 'XBA_1', 'ABCDEFGHIJKLM'])('%s is none', (value) =>
    expect(plate.safeParse(value).success).toBe(false),
  );
});

describe('roles', () => {
  it('admin ⊃ supervisor ⊃ operator; drivers and citizens stand beside', () => {
    const covers = ROLES.flatMap((held) =>
      ROLES.filter((needed) => roleCovers(held, needed)).map((n) => `${held}>${n}`),
    );
    expect(covers).toEqual([
      'admin>admin',
      'admin>supervisor',
      'admin>operator',
      'supervisor>supervisor',
      'supervisor>operator',
      'operator>operator',
      'driver>driver',
      'citizen>citizen',
    ]);
  });
});
