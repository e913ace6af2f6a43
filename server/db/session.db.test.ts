import { sql as statement } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';

/** What the driver may rely on, alike on PostgreSQL and on the embedded database. */
let database: TestDatabase;
const code = (of: Promise<unknown>) =>
  of.then(
    () => 'no error',
    (error: { code?: string; cause?: { code?: string } }) => error.cause?.code ?? error.code,
  );

beforeAll(async () => {
  database = await openTestDatabase({ migrated: false });
  await database.sql`create table things (id int primary key, data jsonb)`;
});
afterAll(() => database.drop());
beforeEach(() => database.sql`truncate things`);

describe('after an error', () => {
  it('the next query has its own answer', async () => {
    const { sql } = database;
    await sql`insert into things values (1)`;
    for (let round = 0; round < 3; round += 1) {
      expect(await code(sql`insert into things values (1)`)).toBe('23505');
      expect(await sql`select ${round}::int as round`).toEqual([{ round }]);
    }
  });

  it('the same holds for texts without parameters, several statements at once and syntax errors', async () => {
    const { sql } = database;
    expect(await code(sql.unsafe('select 1; insert into things values (7), (7); select 2'))).toBe('23505');
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    expect(await code(sql`selec 1`)).toBe('42601');
    expect(await code(sql`selec ${1}`)).toBe('42601');
    expect(await sql`select count(*) as n from things`).toEqual([{ n: 0 }]);
  });

  it('queries sent together each have theirs', async () => {
    const { sql } = database;
    await sql`insert into things values (5)`;
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        n % 3 === 0
          ? code(sql`insert into things values (${5})`)
          : sql<{ n: number }[]>`select ${n}::int as n`.then(([row]) => row?.n),
      ),
    );
    expect(answers).toEqual(answers.map((_, n) => (n % 3 === 0 ? '23505' : n)));
  });

  it('inside a transaction everything fails until it is rolled back, and then nothing is there', async () => {
    const { sql } = database;
    const seen: unknown[] = [];
    const outcome = await code(
      sql.begin(async (tx) => {
        await tx`insert into things values (1)`;
        seen.push(await code(tx`insert into things values (1)`));
        seen.push(await code(tx`select 1`));
      }),
    );
    expect(seen).toEqual(['23505', '25P02']);
    expect(outcome).toBe('23505'); // the driver rolls back and gives the first error on
    expect(await sql`select * from things`).toEqual([]);
  });

  it('a savepoint keeps what came before', async () => {
    const { sql } = database;
    await sql.begin(async (tx) => {
      await tx`insert into things values (1)`;
      expect(await code(tx.savepoint((inner) => inner`insert into things values (1)`))).toBe('23505');
      await tx`insert into things values (2)`;
    });
    expect(await sql`select id from things order by id`).toEqual([{ id: 1 }, { id: 2 }]);
  });
});

describe('transactions', () => {
  it('of two clients at once do not mix', async () => {
    const { sql, db } = database;
    const work = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0
        ? sql.begin(async (tx) => {
            await tx`insert into things values (${n})`;
            await tx`select pg_sleep(0.005)`;
            if (n % 4 === 0) throw new Error('taken back');
            await tx`insert into things values (${n + 100})`;
          })
        : db.transaction(async (tx) => {
            await tx.execute(statement`insert into things values (${n})`);
            if (n % 3 === 0) tx.rollback();
            await tx.execute(statement`insert into things values (${n + 100})`);
          }),
    );
    const settled = await Promise.allSettled(work);
    const kept = settled.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    expect(kept).toEqual(
      Array.from({ length: 20 }, (_, n) => n).filter((n) => (n % 2 === 0 ? n % 4 !== 0 : n % 3 !== 0)),
    );
    const rows = await sql<{ id: number }[]>`select id from things order by id`;
    expect(rows.map(({ id }) => id)).toEqual([...kept, ...kept.map((n) => n + 100)]);
  });

  it('a client killed inside one leaves nothing behind and holds nobody up', async () => {
    const options = connectionOf(database);
    const dying = postgres({ ...options, max: 1 });
    const killed = code(
      dying.begin(async (tx) => {
        await tx`insert into things values (1)`;
        await dying.end({ timeout: 0 });
        await tx`insert into things values (2)`;
      }),
    );
    expect(await killed).toMatch(/CONNECTION/);
    await database.sql`insert into things values (1)`; // waits for the dead one's row on a server
    expect(await database.sql`select id from things`).toEqual([{ id: 1 }]);
  });

  it('many clients are served', async () => {
    const options = connectionOf(database);
    const clients = Array.from({ length: 25 }, () => postgres({ ...options, max: 1 }));
    await Promise.all(
      clients.map((client, n) =>
        client.begin(async (tx) => {
          await tx`insert into things values (${n})`;
          await tx`update things set data = ${tx.json({ n })} where id = ${n}`;
        }),
      ),
    );
    await Promise.all(clients.map((client) => client.end()));
    const [sum] = await database.sql`select count(*) as n, sum((data->>'n')::int) as total from things`;
    expect(sum).toEqual({ n: 25, total: 300 });
  });
});

describe('values', () => {
  it('a megabyte of JSON goes there and back, from raw client and drizzle', async () => {
    const { sql, db } = database;
    const big = { text: 'ñ'.repeat(500_000), list: Array.from({ length: 20_000 }, (_, n) => n) };
    await sql`insert into things values (1, ${sql.json(big)})`;
    await db.execute(statement`insert into things values (2, ${JSON.stringify(big)}::jsonb)`);
    const rows = await sql<{ data: typeof big }[]>`select data from things order by id`;
    expect(rows.map(({ data }) => [data.text.length, data.list.length])).toEqual([
      [500_000, 20_000],
      [500_000, 20_000],
    ]);
  });

  it('ten thousand rows in one statement, and out again', async () => {
    const { sql } = database;
    const ids = Array.from({ length: 10_000 }, (_, n) => n);
    await sql`insert into things (id) select * from unnest(${ids}::int[])`;
    const rows = await sql<{ id: number }[]>`select id from things order by id`;
    expect(rows.map(({ id }) => id)).toEqual(ids);
  });

  it('64-bit and decimal numbers are numbers, instants are UTC', async () => {
    const [row] = await database.sql`
      select 9007199254740991::bigint as big, 2.5::numeric as decimal, count(*) as n, null::bigint as none,
             array[1, 2]::bigint[] as list, current_setting('TimeZone') as zone,
             '2026-01-02T03:04:05-05:00'::timestamptz as at from things`;
    expect(row).toEqual({
      big: Number.MAX_SAFE_INTEGER,
      decimal: 2.5,
      n: 0,
      none: null,
      list: [1, 2],
      zone: 'UTC',
      at: new Date('2026-01-02T08:04:05Z'),
    });
    const [same] = await database.db.execute(statement`select 5::bigint as big, 2.5::numeric as decimal`);
    expect(same).toEqual({ big: 5, decimal: 2.5 });
  });

  it('a prepared statement survives a change of its table', async () => {
    const { sql } = database;
    const read = () => sql`select * from things where id = ${1}`;
    await sql`insert into things values (1)`;
    expect(await read()).toEqual([{ id: 1, data: null }]);
    await sql`alter table things add column extra int`;
    await sql`alter table things drop column extra`;
    expect(await read()).toEqual([{ id: 1, data: null }]);
  });

  it('a cursor reads in portions', async () => {
    const sizes: number[] = [];
    await database.sql.begin(async (tx) => {
      for await (const rows of tx`select generate_series(1, 25) as n`.cursor(10)) sizes.push(rows.length);
    });
    expect(sizes).toEqual([10, 10, 5]);
  });
});

it('answers a ping in milliseconds', async () => {
  expect(await database.ping()).toBeGreaterThan(0);
});

/** Options for a client of a test's own on the same database. */
function connectionOf({ sql }: TestDatabase) {
  const { host, port, user, database: name, path } = sql.options;
  return {
    host: host[0],
    port: port[0],
    user,
    database: name,
    ...(path ? { path } : {}),
    onnotice: () => undefined,
  };
}
