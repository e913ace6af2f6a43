import { defineConfig } from 'drizzle-kit';

/** `npm run db:generate` writes the next migration from the schema; its down file is written by hand. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './server/db/schema/index.ts',
  out: './drizzle',
});
