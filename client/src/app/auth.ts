/** Who is signed in. The session is a cookie the page never reads. */
import { computed, readonly, shallowRef } from 'vue';
import { roleCovers, type Role } from '../../../shared/actor.ts';
import { trpc } from './api.ts';
import { reasonOf } from './errors.ts';

export interface SignedIn {
  id: number;
  username: string;
  role: Role;
}

const current = shallowRef<SignedIn | null>(null);
let asked = false;

export const user = readonly(current);

/** A driver's page opens without network: who was last signed in on this phone is remembered, never the session. */
const REMEMBERED = 'signed-in';

function become(user: SignedIn | null): void {
  current.value = user;
  try {
    if (user?.role === 'driver') localStorage.setItem(REMEMBERED, JSON.stringify(user));
    else localStorage.removeItem(REMEMBERED);
  } catch {
    // A phone that keeps nothing asks again next time.
  }
}

function remembered(): SignedIn | null {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED) ?? 'null') as SignedIn | null;
  } catch {
    return null;
  }
}

/**
 * Asks the server until it has answered once; later calls answer from memory. While it is out of reach: the driver
 * remembered on this phone, else null.
 */
export async function whoAmI(): Promise<SignedIn | null> {
  if (asked) return current.value;
  try {
    become(await trpc.auth.me.query());
    asked = true;
  } catch (error) {
    asked = reasonOf(error) === 'not-signed-in';
    if (asked) become(null);
    else current.value = remembered();
  }
  return current.value;
}

/** False while the server has not said yet whether there is a session: worth asking again. */
export const isSettled = () => asked;

/** @throws what the call threw: see errors.ts for its sentence. */
export async function signIn(username: string, password: string): Promise<SignedIn> {
  const answer = await trpc.auth.login.mutate({ username, password });
  become(answer.user);
  asked = true;
  return answer.user;
}

export async function signOut(): Promise<void> {
  try {
    // Whoever signs in next at this screen is not told what was meant for another.
    await (await import('../alerts/push.ts')).disablePush().catch(() => undefined);
    await trpc.auth.logout.mutate();
  } finally {
    become(null);
    asked = true;
  }
}

/** True when the person signed in may do what the role may. */
export const may = (role: Role) =>
  computed(() => current.value !== null && roleCovers(current.value.role, role));

/** Where a role works. */
export function homeOf(role: Role): string {
  return role === 'driver' ? '/driver' : role === 'citizen' ? '/' : '/control';
}
