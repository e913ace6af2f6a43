import type { Sql } from '../../db/connect.ts';

/** A table as it is written to a backup and read back from it. */
export interface TableShape {
  name: string;
  /** Stored columns in their order; what the database computes itself is left out. */
  columns: string[];
  /** Columns whose text form keeps what their JSON form would lose: geometry with its SRID and all its digits. */
  asText: string[];
  /** Columns that name a row, to give rows an order. */
  key: string[];
  /** True when its rows lie in partitions alone. */
  partitioned?: boolean | undefined;
}

export interface Partition {
  parent: string;
  name: string;
  /** `FOR VALUES …`, as the database says it. */
  bound: string;
}

export interface Sequence {
  name: string;
  last: number;
  called: boolean;
}

/** What a backup holds of the schema: names only, for the migrations make the rest. */
export interface Catalogue {
  /** Names of the applied migrations, oldest first. */
  migrations: string[];
  /** In an order in which every foreign key finds its row. */
  tables: TableShape[];
  partitions: Partition[];
  sequences: Sequence[];
}

/** Either a client or a transaction of it. */
export type Reader = Pick<Sql, 'unsafe'>;

/** Tables of our own in `public`: neither an extension's, nor a single partition, nor the list of migrations. */
const OURS = `c.relnamespace = 'public'::regnamespace and not c.relispartition and c.relname <> 'schema_migrations'
  and not exists (select 1 from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')`;

/** Reads the catalogue of the database a reader stands in. */
export async function readCatalogue(sql: Reader): Promise<Catalogue> {
  const migrations = await sql.unsafe<{ name: string }[]>(
    'select name from schema_migrations order by position',
  );
  const tables = await sql.unsafe<TableShape[]>(`
    select c.relname as name,
      array_agg(a.attname::text order by a.attnum) as columns,
      coalesce(array_agg(a.attname::text order by a.attnum) filter (where t.typname in ('geometry','geography')), '{}') as "asText",
      coalesce((select array_agg(k.attname::text order by array_position(i.indkey::int2[], k.attnum))
                from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = any (i.indkey::int2[])
                where i.indrelid = c.oid and i.indisprimary), '{}') as key,
      c.relkind = 'p' as partitioned
    from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      join pg_type t on t.oid = a.atttypid
    where c.relkind in ('r','p') and ${OURS}
    group by c.oid, c.relname, c.relkind order by c.relname`);
  const references = await sql.unsafe<{ child: string; parent: string }[]>(`
    select distinct c.relname as child, p.relname as parent from pg_constraint f
      join pg_class c on c.oid = f.conrelid join pg_class p on p.oid = f.confrelid
    where f.contype = 'f' and f.conparentid = 0 and c.oid <> p.oid and ${OURS}`);
  const partitions = await sql.unsafe<Partition[]>(`
    select p.relname as parent, c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where c.relispartition and c.relkind = 'r' and p.relnamespace = 'public'::regnamespace order by 1, 2`);
  return {
    migrations: migrations.map(({ name }) => name),
    tables: parentsFirst([...tables], references),
    partitions: [...partitions],
    sequences: await readSequences(sql),
  };
}

async function readSequences(sql: Reader): Promise<Sequence[]> {
  const names = await sql.unsafe<{ name: string }[]>(
    `select c.relname as name from pg_class c where c.relkind = 'S' and ${OURS} order by 1`,
  );
  const sequences: Sequence[] = [];
  for (const { name } of names) {
    const [row] = await sql.unsafe<{ last: number; called: boolean }[]>(
      `select last_value::float8 as last, is_called as called from ${quoted(name)}`,
    );
    if (row) sequences.push({ name, ...row });
  }
  return sequences;
}

/**
 * Orders tables so that each comes after those it refers to.
 * @throws Error on a circle, which a schema of ours does not have
 */
export function parentsFirst<T extends { name: string }>(
  tables: T[],
  references: readonly { child: string; parent: string }[],
): T[] {
  const ordered: T[] = [];
  const placed = new Set<string>();
  let waiting = tables;
  while (waiting.length > 0) {
    const ready = waiting.filter(({ name }) =>
      references.every(({ child, parent }) => child !== name || placed.has(parent)),
    );
    if (ready.length === 0)
      throw new Error(`tables refer to each other: ${waiting.map((t) => t.name).join(', ')}`);
    for (const table of ready) {
      ordered.push(table);
      placed.add(table.name);
    }
    waiting = waiting.filter(({ name }) => !placed.has(name));
  }
  return ordered;
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A query of a table's rows as JSON text in column `row`; the same text on every server version. */
export function rowsAsJson(table: TableShape, ordered: boolean): string {
  const order = ordered && table.key.length > 0 ? ` order by ${table.key.map(quoted).join(', ')}` : '';
  return `select row_to_json(r)::text as row from (${rowsOf(table)}${order}) r`;
}

/** A query of a table's rows as a backup holds them; `where` is its condition. */
export function rowsOf(table: TableShape, where = ''): string {
  const columns = table.columns.map((name) =>
    table.asText.includes(name) ? `${quoted(name)}::text as ${quoted(name)}` : quoted(name),
  );
  return `select ${columns.join(', ')} from ${quoted(table.name)} ${where}`;
}
