import { LOG_LEVELS, type LogLevel } from './log.ts';

/** How much the process says, changeable while it runs. */
export interface Verbosity {
  level(): LogLevel;
  /** The level of the environment, to which it returns. */
  readonly configured: LogLevel;
  /** When it returns by itself; null while it is as configured. */
  untilMs(): number | null;
  /** Says more or less from now on, for so long; the configured level ends an exception at once. */
  set(level: LogLevel, forMs?: number): void;
  /** Debug while it is not, the configured level while it is: what a signal can ask for. */
  toggle(): LogLevel;
}

const HOUR_MS = 3_600_000;

/** An exception ends by itself: a log left at debug fills a disk. */
export function createVerbosity(configured: LogLevel): Verbosity {
  let level = configured;
  let untilMs: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  const set = (wanted: LogLevel, forMs = HOUR_MS): void => {
    clearTimeout(timer);
    level = wanted;
    untilMs = null;
    if (wanted === configured) return;
    untilMs = Date.now() + forMs;
    timer = setTimeout(() => set(configured), forMs);
    timer.unref();
  };
  return {
    level: () => level,
    configured,
    untilMs: () => untilMs,
    set,
    toggle() {
      set(level === 'debug' ? configured : 'debug');
      return level;
    },
  };
}

export function isLogLevel(word: string): word is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(word);
}
