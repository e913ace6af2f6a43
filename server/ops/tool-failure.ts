import { BackupError } from './backup/format.ts';
import { ConfigError } from '../config.ts';
import { EmbeddedError } from '../db/embedded.ts';
import { MigrationError } from '../db/migrate.ts';

const DRIVER_CODE = /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_\w+|[0-9A-Z]{5}$)/;

/**
 * What a tool says when it gives up: one line for what people can mend, the stack for what only we can. Two failures
 * of the same kind read the same in every tool.
 */
export function failureText(error: unknown): string {
  const foreseen = [BackupError, ConfigError, EmbeddedError, MigrationError];
  if (foreseen.some((kind) => error instanceof kind)) return (error as Error).message;
  const { code, message } = error as { code?: string; message?: string };
  if (code && DRIVER_CODE.test(code)) return `the database refused: ${message || code} (${code})`;
  if (error instanceof Error)
    return error.name === 'FolderInUse' ? error.message : (error.stack ?? error.message);
  return String(error);
}
