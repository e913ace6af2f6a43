/** The walls of the house: docs/architecture.md says why each stands. */
const PURE =
  '^(shared|server/planning|server/roads/embedded/|server/telemetry/(filters|geofences)|server/alerts/detectors|server/history/(evidence|thin|trips|track-points|visit-(device|fold|places))\\.ts)';
const TESTS = '\\.(db\\.|long\\.)?test\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'shared-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^shared', pathNot: TESTS },
      to: { path: '^(server|client)' },
    },
    {
      name: 'pure-core-has-no-io',
      comment: 'Pure modules import only shared, each other, and libraries that touch nothing.',
      severity: 'error',
      from: { path: PURE, pathNot: [TESTS, '^server/planning/(pool|worker)\\.ts$'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-core-imports-only-shared',
      severity: 'error',
      from: { path: '^server/(planning|roads/embedded)/', pathNot: TESTS },
      to: { path: '^server/', pathNot: '^server/(planning|roads/embedded)/' },
    },
    {
      name: 'planning-knows-no-roads',
      severity: 'error',
      from: { path: '^server/planning/', pathNot: TESTS },
      to: { path: '^server/roads/' },
    },
    {
      name: 'routers-hold-no-sql',
      severity: 'error',
      from: { path: '^server/api/' },
      to: { path: ['^server/db/schema', 'node_modules/(drizzle-orm|postgres)/'] },
    },
    {
      name: 'verbs-know-no-transport',
      severity: 'error',
      from: {
        path: '^server/(incidents|fleet|dispatch|events|history|db|planning|roads|access)/',
        pathNot: TESTS,
      },
      to: { path: '^server/(api|main)' },
    },
    {
      name: 'only-entry-points-import-main',
      severity: 'error',
      from: { pathNot: ['^server/cli/', '^tests/', '^bench/', TESTS] },
      to: { path: '^server/main\\.ts$' },
    },
    {
      name: 'client-imports-server-types-only',
      severity: 'error',
      from: { path: '^client' },
      to: { path: '^server', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-imports-one-server-type',
      severity: 'error',
      from: { path: '^client' },
      to: { path: '^server', pathNot: '^server/api/app-router\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules|^dist' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.vue', '.js', '.json'] },
    moduleSystems: ['es6'],
  },
};
