import type { TestProject } from 'vitest/node';
import { startCluster } from './cluster.ts';
import { makeEmbeddedTemplates, type EmbeddedTemplates, makePostgresTemplate } from './template.ts';

/** Where the tests of this run find their database. */
export type TestDatabaseSource =
  { kind: 'embedded'; templates: EmbeddedTemplates } | { kind: 'postgres'; port: number };

declare module 'vitest' {
  export interface ProvidedContext {
    testDatabase: TestDatabaseSource;
  }
}

/** Once a run: a cluster with a migrated template, or a migrated embedded folder. TEST_DATABASE says which. */
export default async function setup(project: TestProject): Promise<(() => void) | undefined> {
  const wanted = process.env.TEST_DATABASE ?? 'embedded';
  if (wanted === 'embedded') {
    project.provide('testDatabase', { kind: 'embedded', templates: await makeEmbeddedTemplates() });
    return undefined;
  }
  if (wanted !== 'postgres') throw new Error(`TEST_DATABASE must be embedded or postgres, not ${wanted}`);
  const cluster = await startCluster();
  process.once('exit', cluster.stop);
  await makePostgresTemplate(cluster);
  project.provide('testDatabase', { kind: 'postgres', port: cluster.port });
  return () => cluster.stop();
}
