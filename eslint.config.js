import tseslint from 'typescript-eslint';
import vue from 'eslint-plugin-vue';
import prettier from 'eslint-config-prettier';
import globals from 'globals';

export default tseslint.config(
  {
    ignores: ['dist', '.data', '.cache', 'node_modules', 'drizzle/meta', 'test-results', 'playwright-report'],
  },
  ...tseslint.configs.recommended,
  ...vue.configs['flat/recommended'],
  prettier,
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser }, globals: globals.browser },
  },
  {
    files: ['**/*.ts', '**/*.vue'],
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      'vue/multi-word-component-names': 'off',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    // Randomness and the clock are injected wherever a result must repeat.
    files: [
      'shared/**/*.ts',
      'server/planning/**/*.ts',
      'server/roads/embedded/**/*.ts',
      'server/alerts/detectors/**/*.ts',
    ],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Randomness is seeded and injected.' },
        { object: 'Date', property: 'now', message: 'The clock is injected.' },
      ],
    },
  },
  {
    files: ['server/cli/**', 'bench/**', 'tests/**'],
    rules: { 'no-console': 'off' },
  },
);
