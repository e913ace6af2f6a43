import type { Config } from '../../config.ts';
import type { ToolDatabase } from '../backup/open.ts';

/** `note` serves, but a person should look; `missing` is for somebody to mend. */
export type FindingState = 'ok' | 'note' | 'missing';

export interface Finding {
  state: FindingState;
  /** What was seen, one line. */
  says: string;
  /** What to do about it. */
  cure?: string;
}

export interface NamedFinding extends Finding {
  name: string;
}

/** What the doctor looks at. */
export interface Patient {
  config: Config;
  env: Readonly<Record<string, string | undefined>>;
  now: Date;
  /** null when it does not open; `databaseProblem` says why. */
  database: ToolDatabase | null;
  databaseProblem: string | null;
  /** Address of the server on this machine. */
  localUrl: string;
  /** True when that server answers. */
  isServing: boolean;
}

export const ok = (says: string): Finding => ({ state: 'ok', says });
export const note = (says: string, cure?: string): Finding => ({
  state: 'note',
  says,
  ...(cure && { cure }),
});
export const missing = (says: string, cure: string): Finding => ({ state: 'missing', says, cure });

/** For a check that only a running server can pass. */
export const notServing = ({ localUrl }: Patient): Finding =>
  missing(`cannot be seen: no server answers at ${localUrl}`, 'start it, then run this again');

/** For a check that reads what the database has recorded. */
export const noDatabase = ({ databaseProblem }: Patient): Finding =>
  missing(`cannot be seen: ${databaseProblem ?? 'the database does not answer'}`, 'mend the database first');
