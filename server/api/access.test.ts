import { TRPCError } from '@trpc/server';
import { describe, expect, it } from 'vitest';
import { ROLES, roleCovers, type Actor, type Role } from '../../shared/actor.ts';
import { appRouter } from './app-router.ts';
import type { Services } from './services.ts';
import { createCallerFactory, type Access, type Context } from './trpc.ts';

/** What nobody needs to sign in for; everything else asks. From the contract. */
const PUBLIC = ['auth.login', 'incidents.report', 'incidents.track'];

interface Declared {
  _def: { meta?: { access?: Access }; type: string };
}
const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, Declared>);

/** Past the gate there is nothing: whoever gets in meets this error and not a verb. */
const inside = new Error('got in');
const services = {
  limiter: { limit: async () => ({ allowed: true, retryAfterS: 1 }) },
  get store(): never {
    throw inside;
  },
} as unknown as Services;

function as(actor: Actor): Context {
  return {
    services,
    actor,
    address: '10.0.0.1',
    sessionId: null,
    cookie: { set: () => undefined, clear: () => undefined },
    requestId: 'test',
  };
}

const userOf = (role: Role): Actor => ({ kind: 'user', id: 1, role, username: role });

/** The code a caller is refused with at the gate; null when it got in (and failed further on). */
async function refusal(name: string, actor: Actor): Promise<string | null> {
  const caller = createCallerFactory(appRouter)(as(actor)) as unknown as Record<
    string,
    Record<string, (input: unknown) => Promise<unknown>>
  >;
  const [domain, verb] = name.split('.') as [string, string];
  try {
    await caller[domain]![verb]!({ nonsense: true });
    return null;
  } catch (error) {
    const code = error instanceof TRPCError ? error.code : 'NO_TRPC_ERROR';
    return code === 'UNAUTHORIZED' || code === 'FORBIDDEN' ? code : null;
  }
}

describe('every procedure', () => {
  it('is among those known to be many', () => expect(procedures.length).toBeGreaterThan(45));

  it('is open to nobody unless the contract says so', () => {
    const open = procedures.filter(([, { _def }]) => _def.meta?.access === 'public').map(([name]) => name);
    expect(open.sort()).toEqual([...PUBLIC].sort());
  });

  it.each(procedures.map(([name, { _def }]) => [name, _def.meta?.access] as const))(
    '%s declares who may call and refuses everybody else',
    async (name, access) => {
      expect(access).toBeDefined();
      expect(await refusal(name, { kind: 'citizen' })).toBe(access === 'public' ? null : 'UNAUTHORIZED');
      for (const role of ROLES) {
        const may =
          access === 'public' || access === 'signed-in' || access!.some((needed) => roleCovers(role, needed));
        expect([role, await refusal(name, userOf(role))]).toEqual([role, may ? null : 'FORBIDDEN']);
      }
    },
  );

  it.each([
    ['incidents.validate', 'operator'],
    ['incidents.complete', 'supervisor'],
    ['plans.approve', 'supervisor'],
    ['assignments.create', 'supervisor'],
    ['fleet.createTruck', 'admin'],
    ['fleet.registerDevice', 'admin'],
    ['rules.update', 'admin'],
    ['users.create', 'admin'],
    ['events.list', 'admin'],
    ['tracks.get', 'operator'],
    ['live.trucks', 'operator'],
  ] as const)('%s needs at least %s', (name, role) => {
    const [, procedure] = procedures.find(([other]) => other === name)!;
    expect(procedure._def.meta?.access).toEqual([role]);
  });
});
