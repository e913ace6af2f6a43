/**
 * `npm run user:create -- --role ROLE --username U [--password-file F]`: an account, above all the first admin.
 * `--reset` instead of `--role`: a new password for one that exists, whose sessions end.
 */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { ZodError, type z } from 'zod';
import { ROLES, SYSTEM } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { createUser, createUserInput } from '../access/create-user.ts';
import { listUsers } from '../access/list-users.ts';
import { updateUser } from '../access/update-user.ts';
import type { UserView } from '../access/user-view.ts';
import { ConfigError, loadConfig } from '../config.ts';
import { connectDatabase } from '../db/connect.ts';
import { EmbeddedError } from '../db/embedded.ts';
import { createLocalBus } from '../events/bus.ts';
import type { Store } from '../events/store.ts';
import { createLog } from '../ops/log.ts';

const resetInput = createUserInput.omit({ role: true });

const USAGE = `usage: npm run user:create -- --role ${ROLES.filter((role) => role !== 'driver').join('|')} --username NAME [--password-file FILE]
       npm run user:create -- --reset --username NAME [--password-file FILE]
A driver is made in the admin page, with name, cédula and licence.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      role: { type: 'string' },
      username: { type: 'string' },
      'password-file': { type: 'string' },
      reset: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help || !values.username || !values.role === !values.reset) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  const file = values['password-file'];
  const password =
    file === undefined ? await askPassword() : (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  const given = { username: values.username, password };
  const fresh = values.reset ? null : createUserInput.parse({ ...given, role: values.role });
  const known = resetInput.parse(given);
  // Neither PUBLIC_URL nor EMBEDDED matters here: without DATABASE_URL it is the embedded database.
  const config = loadConfig(process.env, { mode: 'demo' });
  const database = await connectDatabase({
    ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : { dataDir: config.dataDir }),
    log: createLog({ level: 'error' }),
  });
  try {
    const store = { database, clock: Date.now, bus: createLocalBus() };
    const user = fresh ? await createUser(store, SYSTEM, fresh) : await reset(store, known);
    console.log(
      `${values.reset ? 'new password for' : 'created'} ${user.role} ${user.username} (id ${user.id})`,
    );
    return 0;
  } finally {
    await database.close();
  }
}

async function reset(store: Store, { username, password }: z.infer<typeof resetInput>): Promise<UserView> {
  const user = (await listUsers(store)).find((other) => other.username === username);
  if (!user) throw new DomainError('not-found', `There is no user ${username}.`);
  return updateUser(store, SYSTEM, { userId: user.id, password });
}

/** Asked twice, never shown; from a pipe, the first line. */
async function askPassword(): Promise<string> {
  let isMuted = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isMuted) process.stderr.write(chunk as Buffer);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
  const ask = async (prompt: string) => {
    process.stderr.write(prompt);
    isMuted = true;
    const answer = await lines.question('');
    isMuted = false;
    process.stderr.write('\n');
    return answer;
  };
  try {
    const password = await ask('Password: ');
    if (process.stdin.isTTY && (await ask('Again: ')) !== password) {
      throw new DomainError('invalid-input', 'The two passwords differ.');
    }
    return password;
  } finally {
    lines.close();
  }
}

function oneLine(error: unknown): string {
  if (error instanceof ZodError) {
    return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n');
  }
  if (error instanceof ConfigError || error instanceof EmbeddedError || error instanceof DomainError) {
    return error.message;
  }
  const { code, message } = error as { code?: string; message?: string };
  if (code === '42P01') return 'The database has no tables yet: run npm run db:migrate first.';
  if (code?.startsWith('ERR_PARSE_ARGS')) return `${message}\n${USAGE}`;
  return error instanceof Error ? error.message : String(error);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(oneLine(error instanceof Error && error.cause instanceof Error ? error.cause : error));
    process.exit(1);
  },
);
