/**
 * Mends postgres.js 3.4.9 where it lies, after an install and before a build. When the server goes away while a small
 * write waits for its turn, the driver's connection (1) throws out of a timer, which no caller can catch and which ends
 * the process, (2) keeps the dead write and its timer, and (3) what was asked after the line broke, and so hangs, or
 * answers one query with another's rows, once it is connected again.
 * Reported as porsager/postgres #1066, #1154, #1208 and not released. Mended already, it does nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const VERSION = '3.4.9';
const FILES = ['src/connection.js', 'cjs/src/connection.js'];

/** Each must be found exactly once. */
const MENDINGS = [
  {
    why: 'a transaction whose connection closed is told so, instead of writing into the next one',
    before: `    if (terminated)\n      return queryError(q, Errors.connection('CONNECTION_DESTROYED', options))\n`,
    after: `    if (terminated)
      return queryError(q, Errors.connection('CONNECTION_DESTROYED', options))

    if (socket === null) {
      queryError(q, Errors.connection('CONNECTION_CLOSED', options))
      return true
    }
`,
  },
  {
    why: 'a write that waited finds no socket: its query fails as any other on a closed connection',
    before: `  function nextWrite(fn) {\n    const x = socket.write(chunk, fn)`,
    after: `  function nextWrite(fn) {
    if (socket === null) {
      chunk = nextWriteTimer = null
      error(Errors.connection('CONNECTION_CLOSED', options))
      return true
    }
    const x = socket.write(chunk, fn)`,
  },
  {
    why: 'what waited to be written to a connection that closed is not written to the next one',
    before: `    clearImmediate(nextWriteTimer)\n    socket.removeListener('data', data)`,
    after: `    clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket.removeListener('data', data)`,
  },
  {
    why: 'whatever broke it, a connection that closed fails all that waited on it, and forgets it',
    before: `    !hadError && (query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))`,
    after: `    ;(query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))\n    query = null`,
  },
  {
    why: "a connection that breaks while it asks for the types is opened again, and its promise is nobody's to catch",
    before: `    \`], [], execute)\n    types.forEach(`,
    after: `    \`], [], execute).catch(() => [])\n    types.forEach(`,
  },
];

const folder = new URL('../../node_modules/postgres/', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
if (version !== VERSION) {
  process.stderr.write(
    `postgres ${version}: server/db/mend-driver.mjs knows ${VERSION}. See whether it is still needed.\n`,
  );
  process.exit(1);
}
for (const file of FILES) {
  const path = fileURLToPath(new URL(file, folder));
  const source = readFileSync(path, 'utf8');
  let mended = source;
  for (const { why, before, after } of MENDINGS) {
    if (mended.includes(after)) continue;
    if (mended.split(before).length !== 2) {
      process.stderr.write(`${path} is not as expected; not mended.\n`);
      process.exit(1);
    }
    mended = mended.replace(before, () => after);
    mended = `// Mended: ${why}.\n${mended}`;
  }
  if (mended !== source) writeFileSync(path, mended);
}
