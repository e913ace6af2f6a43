/** What must never leave the process in a log line or an error report. One list, used by both. */
const SECRET_KEY =
  /^(.*password(hash)?|passwd|.*token(hash)?|.*secret|authorization|proxy-authorization|cookie|set-cookie|api[-_]?key|sessionid|dsn|.*_dsn|database_?url|redis_?url|s3_.*key.*|otel_.*headers)$/i;
/** Personal data: allowed in our own log where it is needed, never in a report sent to somebody else's machine. */
const PERSONAL_KEY =
  /^(email|phone|cedula|name|username|description|address|ip|ip_address|remoteaddress|notes)$/i;

const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
export const HIDDEN = '[hidden]';

const TEXT_RULES: readonly [RegExp, string][] = [
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/:@"']*(?::[^\s/@"']*)?@/gi, `$1${HIDDEN}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/._~=-]{6,}/gi, `$1 ${HIDDEN}`],
  [/([?&](?:token|password|access_token|secret)=)[^&\s"']+/gi, `$1${HIDDEN}`],
  [/(\/gps\/osmand\?(?:[^\s"']*&)?id=)[^&\s"']+/gi, `$1${HIDDEN}`],
];
const JSON_TEXT_FIELD = /"([\w-]+)":"(?:[^"\\]|\\.)*"/g;
const PERSONAL_RULES: readonly [RegExp, string][] = [
  [/[\w.+-]+@[\w-]+\.[\w.]+/g, '[mail]'],
  [/(?<![\d.])\d{10}(?![\d.])/g, '[number]'],
];

/** The text with credentials in addresses, headers and query strings hidden. */
export function scrubText(text: string): string {
  return TEXT_RULES.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text);
}

/** A line of JSON as {@link scrubText}, and with the text values of secret keys hidden. */
export function scrubJsonLine(line: string): string {
  return scrubText(line).replace(JSON_TEXT_FIELD, (field, key: string) =>
    SECRET_KEY.test(key) ? `"${key}":"${HIDDEN}"` : field,
  );
}

/** As {@link scrubText}, and without mail addresses and ten-digit numbers (cédulas, telephones). */
export function scrubPersonalText(text: string): string {
  return PERSONAL_RULES.reduce(
    (clean, [pattern, replacement]) => clean.replace(pattern, replacement),
    scrubText(text),
  );
}

/**
 * A copy of plain objects and arrays with the values of secret keys hidden, at most eight levels and a hundred
 * items a level. Instances of classes (errors, requests) are returned as they are: their serialisers clean them.
 */
export function scrubSecrets(value: unknown): unknown {
  return copy(
    value,
    (key) => SECRET_KEY.test(key),
    (text) => text,
    0,
  );
}

/** As {@link scrubSecrets}, and without personal data, in keys and in texts. */
export function scrubPersonal(value: unknown): unknown {
  return copy(value, (key) => SECRET_KEY.test(key) || PERSONAL_KEY.test(key), scrubPersonalText, 0);
}

function copy(
  value: unknown,
  hides: (key: string) => boolean,
  text: (text: string) => string,
  depth: number,
): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value))
    return value.slice(0, MAX_ITEMS).map((item) => copy(item, hides, text, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ITEMS)
      .map(([key, item]) => [key, hides(key) ? HIDDEN : copy(item, hides, text, depth + 1)]),
  );
}
