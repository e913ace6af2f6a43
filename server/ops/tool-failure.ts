/** Something at the shell is refused for a reason people can mend; the message is that one line. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Errors whose message is one line that tells a person what to mend. */
const FORESEEN = new Set([
  'Refusal',
  'BackupError',
  'ConfigError',
  'DomainError',
  'EmbeddedError',
  'FolderInUse',
  'MigrationError',
  'SchemaError',
]);
/** Codes of the database's driver and of the database itself. */
const DATABASE_CODE = /^(CONNECT_TIMEOUT|CONNECTION_\w+|[0-9A-Z]{5})$/;
const REACHING_SYSCALL = /^(connect|getaddrinfo)/;

/**
 * What a tool says when it gives up: one line for what people can mend, the stack for what only we can. Two failures
 * of the same kind read the same in every tool.
 */
export function failureText(error: unknown): string {
  if (error instanceof Error && FORESEEN.has(error.name)) return error.message;
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (code && (DATABASE_CODE.test(code) || (syscall && REACHING_SYSCALL.test(syscall)))) {
    return `the database refused: ${message || code} (${code})`;
  }
  // Ports, files, folders: the system's own line says which and why.
  if (syscall && message) return message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
