/** `node --import tsx tests/system/prepare.ts [REPORT.json]`: brings what the checks need onto this machine. */
import { writeFileSync } from 'node:fs';
import { prepareMachine } from './machine.ts';

const report = prepareMachine((line) => console.log(line));
for (const name of report.installed) console.log(`installed ${name}`);
for (const line of report.leftOut) console.log(line);
if (process.argv[2]) writeFileSync(process.argv[2], JSON.stringify(report));
