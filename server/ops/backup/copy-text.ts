/**
 * PostgreSQL's COPY text format (https://www.postgresql.org/docs/15/sql-copy.html, "Text Format"): fields between
 * tabs, `\N` for null, a backslash before what would be misread.
 */
const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The fields of one line, without its line end. */
export function copyFields(line: string): (string | null)[] {
  return line.split('\t').map((field) => {
    if (field === '\\N') return null;
    if (!field.includes('\\')) return field;
    return field.replace(/\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)/g, (_, escaped: string) => {
      if (/^[0-7]/.test(escaped)) return String.fromCharCode(parseInt(escaped, 8));
      if (/^x./.test(escaped)) return String.fromCharCode(parseInt(escaped.slice(1), 16));
      return ESCAPES[escaped] ?? escaped;
    });
  });
}

/** Table and columns of a `COPY … FROM stdin;` line, null for any other line. */
export function copyHead(line: string): { table: string; columns: string[] } | null {
  const [, table, columns] = /^COPY (?:\w+\.)?("(?:[^"]|"")+"|\w+) \((.+)\) FROM stdin;$/.exec(line) ?? [];
  if (!table || !columns) return null;
  return { table: bare(table), columns: columns.split(', ').map(bare) };
}

const bare = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
