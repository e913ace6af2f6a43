import type { TestProject } from 'vitest/node';
import { startCluster } from './cluster.ts';
import { makeEmbeddedTemplates, type EmbeddedTemplates, makePostgresTemplate } from './template.ts';

/** Where the tests of this run find their database. */
export type TestDatabaseSource =
  | { kind: 'embedded'; templates: EmbeddedTemplates }
  | {
      kind: 'postgres';
      /** Its URL without a database. */ server: string;
      /** Migrated, to copy. */ template: string;
    };

declare module 'vitest' {
  export interface ProvidedContext {
    testDatabase: TestDatabaseSource;
  }
}

/** Once a run: a cluster with a migrated template, or a migrated embedded folder. TEST_DATABASE says which,
 * TEST_DATABASE_URL names a PostgreSQL that runs already. */
export default async function setup(project: TestProject): Promise<(() => void) | undefined> {
  const wanted = process.env.TEST_DATABASE ?? 'embedded';
  if (wanted === 'embedded') {
    project.provide('testDatabase', { kind: 'embedded', templates: await makeEmbeddedTemplates() });
    return undefined;
  }
  if (wanted !== 'postgres') throw new Error(`TEST_DATABASE must be embedded or postgres, not ${wanted}`);
  const given = process.env.TEST_DATABASE_URL;
  if (given) {
    // A server that runs already, as CI services do: a superuser of it makes and drops databases there.
    const server = given.replace(/\/[^/]*$/, '');
    const template = await makePostgresTemplate((database) => `${server}/${database}`);
    project.provide('testDatabase', { kind: 'postgres', server, template });
    return undefined;
  }
  const cluster = await startCluster();
  process.once('exit', cluster.stop);
  const template = await makePostgresTemplate(cluster.url);
  project.provide('testDatabase', { kind: 'postgres', server: cluster.url('').slice(0, -1), template });
  return () => cluster.stop();
}
