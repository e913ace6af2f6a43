import { defineConfig } from 'vitest/config';
import vue from '@vitejs/plugin-vue';

/** Pure tests need nothing but Node; `db` tests run on the database named by TEST_DATABASE. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [vue()],
        test: {
          name: 'pure',
          include: ['{shared,server,client,tests,bench}/**/*.test.ts'],
          exclude: ['**/*.db.test.ts', '**/*.long.test.ts', 'tests/e2e/**', '**/node_modules/**'],
          // Beside a build on two busy cores, slow is not wrong.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 30_000 } },
          // A pure test leaves nothing behind: the files share their modules, which halves the time of the run.
          isolate: false,
        },
      },
      {
        test: {
          name: 'db',
          include: ['{server,tests}/**/*.db.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['tests/database/global-setup.ts'],
          // A gigabyte each on the embedded database.
          maxWorkers: 2,
          // Waiting costs nothing where all is well; on a busy machine slow is not wrong.
          testTimeout: 180_000,
          hookTimeout: 240_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
      {
        test: {
          name: 'long',
          include: ['{shared,server,tests}/**/*.long.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['tests/database/global-setup.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 240_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
});
