/** `npm start`: the server in production. What is wrong with its surroundings is said in one line, exit 1. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import { startServer } from '../main.ts';
import { createLog, type LogLevel } from '../ops/log.ts';
import { DIST, VERSION } from '../ops/project.ts';
import { startErrorReporting } from '../ops/sentry.ts';
import { startTracing } from '../ops/tracing.ts';
import { createVerbosity } from '../ops/verbosity.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';

const STOP_LIMIT_MS = 10_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env, { mode: 'production' });
  if (!existsSync(join(DIST.client, 'index.html'))) {
    throw new Refusal('the pages are not built: run npm run build first');
  }
  // Photos, positions and backups lie in it: nobody else's to read.
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const reporting = startErrorReporting({
    dsn: config.sentryDsn ?? undefined,
    environment: config.sentryEnvironment,
    release: `epagal@${VERSION}`,
    sampleRate: config.sentrySampleRate,
  });
  const tracing = startTracing({ ...config.otel, environment: config.sentryEnvironment, release: VERSION });
  const verbosity = createVerbosity(config.logLevel as LogLevel);
  const log = createLog({
    level: config.logLevel as LogLevel,
    verbosity: verbosity.level,
    version: VERSION,
    pretty: process.stdout.isTTY,
    report: reporting.capture,
  });

  let server: Awaited<ReturnType<typeof startServer>> | null = null;
  let ending: Promise<void> | null = null;
  const end = (code: number, why: object, message: string): void => {
    ending ??= (async () => {
      log[code === 0 ? 'info' : 'fatal'](why, message);
      // A stop that hangs must not keep the next start waiting.
      setTimeout(() => process.exit(code || 1), STOP_LIMIT_MS).unref();
      await server?.stop().catch((error: unknown) => log.error({ err: error }, 'the stop was not clean'));
      await tracing.close();
      await reporting.close();
      process.exit(code);
    })();
  };
  process.on('SIGTERM', () => end(0, { signal: 'SIGTERM' }, 'stopping'));
  process.on('SIGINT', () => end(0, { signal: 'SIGINT' }, 'stopping'));
  const crash = (error: unknown) => end(1, { err: error }, 'an error that nobody caught');
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);

  // For whoever sits at the machine: more words for an hour, without a restart.
  process.on('SIGUSR2', () =>
    log.warn({ level: verbosity.toggle() }, 'the log level was changed by a signal'),
  );
  server = await startServer(config, { log, verbosity });
  const { url, assembly } = server;
  log.info({ url, publicUrl: config.publicUrl, database: assembly.database.kind }, 'ready');
}

main().catch((error: unknown) => {
  console.error(failureText(error));
  process.exit(1);
});
