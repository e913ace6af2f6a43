import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../shared/actor.ts';
import { isDomainError, type ErrorReason } from '../../shared/errors.ts';
import { hireDriver, openHouse, PASSWORD, type House } from '../../tests/regression/house.ts';
import { sessions, users } from '../db/schema/index.ts';
import { authenticateApiToken, createApiToken, revokeApiToken } from './api-tokens.ts';
import { changeOwnPassword } from './change-password.ts';
import { createUser } from './create-user.ts';
import { DEMO_LOGINS, openDemoLogins, refuseDemoLogins } from './demo-logins.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { authenticateSession, openSession } from './sessions.ts';
import { hashToken } from './token.ts';
import { updateUser } from './update-user.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

async function reasonOf(promise: Promise<unknown>): Promise<ErrorReason | 'nothing' | 'unknown'> {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    return isDomainError(error) ? error.reason : 'unknown';
  }
}

const signIn = (username: string, password: string, address = '10.0.0.1') =>
  login({ store: house.store, limiter: house.services.limiter }, { username, password, address });

describe('signing in', () => {
  it('answers a token whose hash, not itself, is kept', async () => {
    const { token, user } = await signIn('The-Admin', PASSWORD);
    expect(user).toMatchObject({ username: 'the-admin', role: 'admin' });
    const session = await authenticateSession(house.database, token);
    expect(session?.actor).toEqual(house.actors.admin);
    expect(session?.sessionId).toBe(hashToken(token));
    const dump = JSON.stringify(await house.database.db.select().from(sessions));
    expect(dump).not.toContain(token);
  });

  it('keeps passwords as argon2id', async () => {
    const [row] = await house.database.db.select().from(users).where(eq(users.username, 'the-admin'));
    expect(row!.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('gives the same answer for a wrong password and a wrong name', async () => {
    expect(await reasonOf(signIn('the-admin', 'wrong'))).toBe('wrong-credentials');
    expect(await reasonOf(signIn('nobody-at-all', PASSWORD))).toBe('wrong-credentials');
  });

  it('ten failures close an account to that address for 15 minutes, to no other', async () => {
    await createUser(house.store, SYSTEM, { username: 'victim', password: PASSWORD, role: 'operator' });
    const tries = await Promise.all(
      Array.from({ length: 12 }, () => reasonOf(signIn('victim', 'guess', '10.0.0.66'))),
    );
    expect(tries.filter((reason) => reason === 'wrong-credentials')).toHaveLength(10);
    expect(await reasonOf(signIn('victim', PASSWORD, '10.0.0.66'))).toBe('too-many-attempts');
    expect(await reasonOf(signIn('victim', PASSWORD, '10.0.0.67'))).toBe('nothing');
    house.clock.nowMs += 15 * 60_000;
    expect(await reasonOf(signIn('victim', PASSWORD, '10.0.0.66'))).toBe('nothing');
  });

  it('lets everybody in who comes with the right password at once, and counts only failures', async () => {
    const right = await Promise.all(
      Array.from({ length: 15 }, () => reasonOf(signIn('the-supervisor', PASSWORD, '10.0.0.70'))),
    );
    expect(new Set(right)).toEqual(new Set(['nothing']));
  });

  it('forgets sessions that are over', async () => {
    const { token } = await openSession(house.database, house.actors.operator);
    const over = eq(sessions.id, hashToken(token));
    await house.database.db
      .update(sessions)
      .set({ expiresAt: new Date(0) })
      .where(over);
    await signIn('the-operator', PASSWORD);
    expect(await house.database.db.$count(sessions, over)).toBe(0);
  });

  it('lasts 12 hours for the office and 30 days for a driver', async () => {
    const hours = (expiresAt: Date) => Math.round((expiresAt.getTime() - Date.now()) / 3_600_000);
    const office = await openSession(house.database, house.actors.operator);
    expect(hours(office.expiresAt)).toBe(12);
    const { driver } = await hireDriver(house);
    const phone = await openSession(house.database, { id: driver.userId, role: 'driver' });
    expect(hours(phone.expiresAt)).toBe(30 * 24);
    expect((await authenticateSession(house.database, phone.token))?.actor.driverId).toBe(driver.id);
  });

  it('slides while it is used, for each by its own length', async () => {
    const moveEnd = (token: string, inHours: number) =>
      house.database.db
        .update(sessions)
        .set({ expiresAt: new Date(Date.now() + inHours * 3_600_000) })
        .where(eq(sessions.id, hashToken(token)));
    const { driver } = await hireDriver(house, 1);
    for (const [user, left, whole] of [
      [house.actors.operator, 5, 12],
      [{ id: driver.userId, role: 'driver' }, 14 * 24, 720],
      [{ id: driver.userId, role: 'driver' }, 3, 720],
    ] as const) {
      const { token } = await openSession(house.database, user);
      await moveEnd(token, left);
      const session = await authenticateSession(house.database, token);
      expect(session?.extended).toBe(true);
      expect(Math.round((session!.expiresAt.getTime() - Date.now()) / 3_600_000)).toBe(whole);
      await moveEnd(token, -1);
      expect(await authenticateSession(house.database, token)).toBeNull();
    }
  });

  it('ends with logout', async () => {
    const { token } = await signIn('the-operator', PASSWORD);
    await logout(house.store, hashToken(token));
    expect(await authenticateSession(house.database, token)).toBeNull();
  });
});

describe('accounts', () => {
  it('closed or with a new password lose their sessions at once', async () => {
    const user = await createUser(house.store, house.actors.admin, {
      username: 'temporal',
      password: PASSWORD,
      role: 'supervisor',
    });
    const first = await openSession(house.database, user);
    await updateUser(house.store, house.actors.admin, { userId: user.id, password: 'another long password' });
    expect(await authenticateSession(house.database, first.token)).toBeNull();
    expect(await reasonOf(signIn('temporal', PASSWORD))).toBe('wrong-credentials');
    const second = await signIn('temporal', 'another long password');
    await updateUser(house.store, house.actors.admin, { userId: user.id, active: false });
    expect(await authenticateSession(house.database, second.token)).toBeNull();
    expect(await reasonOf(signIn('temporal', 'another long password'))).toBe('wrong-credentials');
  });

  it('are made and changed by admins alone; the last one stays', async () => {
    const input = { username: 'intruso', password: PASSWORD, role: 'admin' as const };
    expect(await reasonOf(createUser(house.store, house.actors.supervisor, input))).toBe('wrong-role');
    const self = { userId: house.actors.admin.id, active: false };
    expect(await reasonOf(updateUser(house.store, house.actors.admin, self))).toBe('invalid-transition');
    expect(
      await reasonOf(createUser(house.store, house.actors.admin, { ...input, username: 'the-admin' })),
    ).toBe('already-exists');
  });

  it('a new password of one’s own ends every other session', async () => {
    const user = await createUser(house.store, SYSTEM, {
      username: 'rosa',
      password: PASSWORD,
      role: 'operator',
    });
    const [here, there] = [await signIn('rosa', PASSWORD), await signIn('rosa', PASSWORD)];
    const actor = (await authenticateSession(house.database, here.token))!.actor;
    const change = (current: string) =>
      changeOwnPassword(
        house.store,
        actor,
        { current, password: 'one more password' },
        hashToken(here.token),
      );
    expect(await reasonOf(change('not this'))).toBe('wrong-credentials');
    await change(PASSWORD);
    expect((await authenticateSession(house.database, here.token))?.actor.id).toBe(user.id);
    expect(await authenticateSession(house.database, there.token)).toBeNull();
  });
});

describe('tokens of other systems', () => {
  it('work for their scope until revoked', async () => {
    const { token, tokenId } = await createApiToken(house.store, { name: 'Traccar', scope: 'positions' });
    expect(await authenticateApiToken(house.database, token, 'positions')).toMatchObject({ id: tokenId });
    await revokeApiToken(house.store, tokenId);
    expect(await authenticateApiToken(house.database, token, 'positions')).toBeNull();
    expect(await reasonOf(revokeApiToken(house.store, tokenId))).toBe('not-found');
  });
});

describe('the demo’s logins', () => {
  it('are found while they open, and not once their password is another', async () => {
    expect(await openDemoLogins(house.database)).toEqual([]);
    const { username, password, role } = DEMO_LOGINS[1]!;
    const user = await createUser(house.store, SYSTEM, { username, password, role: role as 'supervisor' });
    expect(await openDemoLogins(house.database)).toEqual([username]);
    await expect(refuseDemoLogins(house.database)).rejects.toThrow(username);
    await updateUser(house.store, house.actors.admin, { userId: user.id, password: 'not the demo password' });
    await refuseDemoLogins(house.database);
  });
});
