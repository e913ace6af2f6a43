import type { Sql } from '../../server/db/connect.ts';
import { ensureTrackPartitions } from '../../server/db/track-partitions.ts';

/**
 * Rows for every table there is, made from what the database itself says of its columns and constraints: so each
 * version of the schema can be filled, also those whose code is long gone.
 */
const ROWS = 3;
const DAY = new Date('2026-01-05T00:00:00Z');

interface Column {
  name: string;
  type: string;
  notNull: boolean;
  generated: boolean;
  hasDefault: boolean;
  identity: boolean;
}

interface Constraint {
  kind: 'c' | 'f';
  definition: string;
  columns: string[];
  parent: string | null;
  parentColumns: string[];
}

/** Our own tables, parents of partitions included, single partitions not; in alphabetical order. */
export async function ownTables(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'schema_migrations'
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by 1`;
  return rows.map(({ name }) => name);
}

/**
 * Puts up to three rows into each table that has fewer, parents before children.
 * @throws Error naming the table that could not be filled, and why
 */
export async function fillEveryTable(sql: Sql): Promise<void> {
  const tables = await ownTables(sql);
  if (tables.includes('tracks')) await ensureTrackPartitions(sql, DAY, DAY);
  const constraints = new Map<string, Constraint[]>();
  for (const table of tables) constraints.set(table, await constraintsOf(sql, table));
  const waiting = new Set(tables);
  while (waiting.size > 0) {
    const ready = [...waiting].find((table) =>
      constraints
        .get(table)!
        .every(({ parent }) => parent === null || parent === table || !waiting.has(parent)),
    );
    if (ready === undefined)
      throw new Error(`tables refer to each other in a ring: ${[...waiting].join(', ')}`);
    await fill(sql, ready, constraints.get(ready)!);
    waiting.delete(ready);
  }
}

async function fill(sql: Sql, table: string, constraints: Constraint[]): Promise<void> {
  const columns = await columnsOf(sql, table);
  const count = async () =>
    (await sql.unsafe<{ n: number }[]>(`select count(*)::int as n from "${table}"`))[0]!.n;
  for (let n = await count(); n < ROWS; n++) {
    const given = columns.filter((column) => !column.generated);
    const values: string[] = [];
    for (const column of given) values.push(valueOf(table, column, constraints, n));
    await sql
      .unsafe(
        `insert into "${table}" (${given.map(({ name }) => `"${name}"`).join(', ')}) overriding system value
         values (${values.join(', ')}) on conflict do nothing`,
      )
      .catch((error: unknown) => {
        throw new Error(`no row could be made for ${table}: ${(error as Error).message}`);
      });
  }
  if ((await count()) === 0) throw new Error(`no row could be made for ${table}`);
  await advanceIdentity(sql, table, columns);
}

/** So that the product's own rows do not collide with ours. */
async function advanceIdentity(sql: Sql, table: string, columns: Column[]): Promise<void> {
  for (const { name } of columns.filter(({ identity }) => identity)) {
    await sql.unsafe(
      `select setval(pg_get_serial_sequence('"${table}"', '${name}'), (select max("${name}") from "${table}"))`,
    );
  }
}

/** An SQL expression for one column of the row numbered `n`. */
function valueOf(table: string, { name, type }: Column, constraints: Constraint[], n: number): string {
  for (const { kind, definition, columns, parent, parentColumns } of constraints) {
    if (kind === 'f' && columns.includes(name)) {
      if (parent === table) return 'null';
      const [target, keys] = [parentColumns[columns.indexOf(name)], parentColumns.join('", "')];
      // Row n of ours belongs to row n of theirs: unique references stay unique.
      return `(select "${target}" from "${parent}" order by "${keys}"
               offset least(${n}, (select count(*) - 1 from "${parent}")) limit 1)`;
    }
    if (kind === 'c' && mentions(definition, name)) {
      const allowed = allowedBy(definition, name);
      if (allowed !== null) return allowed;
    }
  }
  return sample(table, name, type, n);
}

const mentions = (definition: string, name: string) => new RegExp(`[( "]${name}[) "]`).test(definition);

/** The first value that `column in (…)` or `column = …` allows, null when the check says something else. */
function allowedBy(definition: string, name: string): string | null {
  const list = new RegExp(`\\(?"?${name}"?\\)? = ANY \\(\\(?ARRAY\\[([^\\]]+)\\]`).exec(definition);
  if (list) return list[1]!.split(', ')[0]!;
  const single = new RegExp(`\\(?"?${name}"?\\)? = ([^)]+)\\)`).exec(definition);
  return single && !single[1]!.includes('"') ? single[1]! : null;
}

function sample(table: string, name: string, type: string, n: number): string {
  const number = String(n + 1);
  const at = `timestamptz '2026-01-05 12:0${n}:00+00'`;
  if (type.startsWith('geometry(Polygon')) return `ST_MakeEnvelope(-78.62, -0.94, -78.6${n}, -0.93, 4326)`;
  if (type.startsWith('geometry(Point')) return `ST_SetSRID(ST_MakePoint(-78.61${n}, -0.93${n}), 4326)`;
  if (type.startsWith('geometry(LineString'))
    return `ST_GeomFromText('LINESTRING(-78.61 -0.93, -78.62${n} -0.94)', 4326)`;
  if (/\[\]$/.test(type)) return `'{}'::${type}`;
  if (name === 'lat') return `-0.93${n}`;
  if (name === 'lon') return `-78.61${n}`;
  const byType: Record<string, string> = {
    text: `'${table} ${name} ${number}'`,
    'character varying': `'${table} ${name} ${number}'`,
    integer: number,
    bigint: number,
    smallint: number,
    numeric: number,
    real: `${number}.5`,
    'double precision': `${number}.25`,
    boolean: n % 2 === 0 ? 'true' : 'false',
    jsonb: `'{"row": ${number}}'::jsonb`,
    json: `'{"row": ${number}}'::json`,
    uuid: `'00000000-0000-4000-8000-00000000000${number}'::uuid`,
    bytea: `'\\x0${number}'::bytea`,
    date: `date '2026-01-0${number}'`,
    'timestamp with time zone': at,
    'timestamp without time zone': `${at} at time zone 'UTC'`,
    interval: `interval '${number} minutes'`,
    inet: `'192.0.2.${number}'::inet`,
  };
  const value = byType[type];
  if (value === undefined) throw new Error(`${table}.${name}: no sample for the type ${type}; add one here`);
  return value;
}

async function columnsOf(sql: Sql, table: string): Promise<Column[]> {
  return sql<Column[]>`
    select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as "notNull",
      attgenerated <> '' as generated, atthasdef as "hasDefault", attidentity <> '' as identity
    from pg_attribute where attrelid = ${`"${table}"`}::regclass and attnum > 0 and not attisdropped
    order by attnum`;
}

async function constraintsOf(sql: Sql, table: string): Promise<Constraint[]> {
  return sql<Constraint[]>`
    select contype as kind, pg_get_constraintdef(oid) as definition,
      array(select attname::text from unnest(conkey) with ordinality k(num, place)
        join pg_attribute on attrelid = conrelid and attnum = num order by place) as columns,
      (select relname from pg_class where pg_class.oid = confrelid) as parent,
      array(select attname::text from unnest(confkey) with ordinality k(num, place)
        join pg_attribute on attrelid = confrelid and attnum = num order by place) as "parentColumns"
    from pg_constraint where conrelid = ${`"${table}"`}::regclass and contype in ('c', 'f')`;
}

/** All rows, by table, each as its columns' values in text. */
export type Contents = Map<string, Record<string, string | null>[]>;

/** What is in the database, in an order that does not depend on where rows lie. */
export async function contentsOf(sql: Sql): Promise<Contents> {
  const contents: Contents = new Map();
  for (const table of await ownTables(sql)) {
    const columns = await columnsOf(sql, table);
    const list = columns.map(({ name }) => `"${name}"::text`).join(', ');
    contents.set(table, [
      ...(await sql.unsafe<Record<string, string | null>[]>(`select ${list} from "${table}" order by 1, 2`)),
    ]);
  }
  return contents;
}

/**
 * What differs in `after` of the tables and columns that `before` has too.
 * @returns one line each; empty when every row is there as it was
 */
export function lostBetween(before: Contents, after: Contents): string[] {
  return [...before].flatMap(([table, rows]) => {
    const now = after.get(table);
    if (!now) return [`${table} is gone`];
    const kept = Object.keys(rows[0] ?? {}).filter((name) => now.length === 0 || name in now[0]!);
    const text = (some: Record<string, string | null>[]) =>
      some.map((row) => JSON.stringify(kept.map((name) => row[name]))).toSorted();
    const [had, has] = [text(rows), text(now)];
    return had.flatMap((line, n) =>
      line === has[n] ? [] : [`${table}: ${line} became ${has[n] ?? 'nothing'}`],
    );
  });
}
