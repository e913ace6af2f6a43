import { DrizzlePostgreSQLAdapter } from '@lucia-auth/adapter-drizzle';
import { eq } from 'drizzle-orm';
import { Lucia, TimeSpan, type Session } from 'lucia';
import type { Actor, Role } from '../../shared/actor.ts';
import type { Database } from '../db/connect.ts';
import { drivers, sessions, users } from '../db/schema/index.ts';
import { hashToken, newToken } from './token.ts';

declare module 'lucia' {
  interface Register {
    Lucia: Lucia<Record<never, never>, UserAttributes>;
    UserId: number;
    DatabaseUserAttributes: UserAttributes;
  }
}

interface UserAttributes {
  username: string;
  role: Role;
  active: boolean;
}

const OFFICE_HOURS = 12;
const DRIVER_DAYS = 30;
const HALF_DRIVER_MS = (DRIVER_DAYS * 86_400_000) / 2;

/** The only place that knows lucia: one instance a lifetime, over one adapter. */
function lucias(database: Database) {
  // The adapter only reads users; its type asks for an id that may be inserted, and ours is the database's to give.
  const readUsers = users as unknown as ConstructorParameters<typeof DrizzlePostgreSQLAdapter>[2];
  const adapter = new DrizzlePostgreSQLAdapter(database.db, sessions, readUsers);
  const getUserAttributes = ({ username, role, active }: UserAttributes) => ({ username, role, active });
  return {
    office: new Lucia(adapter, { sessionExpiresIn: new TimeSpan(OFFICE_HOURS, 'h'), getUserAttributes }),
    driver: new Lucia(adapter, { sessionExpiresIn: new TimeSpan(DRIVER_DAYS, 'd'), getUserAttributes }),
  };
}

const byDatabase = new WeakMap<Database, ReturnType<typeof lucias>>();

function luciaOf(database: Database) {
  let made = byDatabase.get(database);
  if (!made) byDatabase.set(database, (made = lucias(database)));
  return made;
}

export interface OpenSession {
  actor: Extract<Actor, { kind: 'user' }>;
  /** SHA-256 of the token: what the database knows the session by. */
  sessionId: string;
  expiresAt: Date;
  /** True when this very call moved the end of the session: a cookie has to be written again. */
  extended: boolean;
}

/** Opens a session: 12 h for the office, 30 days for a driver's phone. The token is not kept anywhere. */
export async function openSession(
  database: Database,
  user: { id: number; role: Role },
): Promise<{ token: string; expiresAt: Date }> {
  const { office, driver } = luciaOf(database);
  const token = newToken('ses');
  const lucia = user.role === 'driver' ? driver : office;
  const session = await lucia.createSession(user.id, {}, { sessionId: hashToken(token) });
  return { token, expiresAt: session.expiresAt };
}

/** Who holds this token; null when nobody does, the session is over, or the account is closed. Slides its end. */
export async function authenticateSession(database: Database, token: string): Promise<OpenSession | null> {
  const { office, driver } = luciaOf(database);
  const sessionId = hashToken(token);
  const { session: found, user } = await office.validateSession(sessionId);
  if (!found || !user || !user.active) return null;
  let session: Session = found;
  let driverId: number | undefined;
  if (user.role === 'driver') {
    if (found.expiresAt.getTime() - Date.now() < HALF_DRIVER_MS) {
      session = (await driver.validateSession(sessionId)).session ?? found;
    }
    const [row] = await database.db
      .select({ id: drivers.id })
      .from(drivers)
      .where(eq(drivers.userId, user.id));
    driverId = row?.id;
  }
  return {
    actor: {
      kind: 'user',
      id: user.id,
      role: user.role,
      username: user.username,
      ...(driverId === undefined ? {} : { driverId }),
    },
    sessionId,
    expiresAt: session.expiresAt,
    extended: session.fresh,
  };
}

export function closeSession(database: Database, sessionId: string): Promise<void> {
  return luciaOf(database).office.invalidateSession(sessionId);
}

/** Every session of an account stops working: after a new password, or when it is closed. */
export function closeSessionsOf(database: Database, userId: number): Promise<void> {
  return luciaOf(database).office.invalidateUserSessions(userId);
}

/** Housekeeping: forgets sessions that are over. */
export function forgetExpiredSessions(database: Database): Promise<void> {
  return luciaOf(database).office.deleteExpiredSessions();
}
