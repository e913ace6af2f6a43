/** `node --import tsx tests/deploy/published-schema.ts`: render.yaml against the schema Render publishes. Needs the Internet. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../../server/ops/project.ts';

const answer = await fetch('https://render.com/schema/render.yaml.json', {
  signal: AbortSignal.timeout(30_000),
});
if (!answer.ok) throw new Error(`Render's schema cannot be had: ${answer.status}`);
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
const isValid = ajv.compile((await answer.json()) as object);
if (!isValid(parse(readFileSync(join(PROJECT_ROOT, 'render.yaml'), 'utf8')))) {
  for (const { instancePath, message } of isValid.errors ?? []) console.error(`${instancePath}: ${message}`);
  process.exitCode = 1;
} else console.log('render.yaml is as Render wants it');
