import { readFileSync } from 'node:fs';

export interface Instruction {
  name: string;
  rest: string;
}

/** Instructions of a Dockerfile, continuation lines joined, comments away. */
export function instructions(path: string): Instruction[] {
  const text = readFileSync(path, 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\s*\\\n\s*/g, ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? [];
      return { name, rest };
    });
}

/** The stages, each from its FROM on. */
export function stages(all: Instruction[]): Instruction[][] {
  const starts = all.flatMap(({ name }, n) => (name === 'FROM' ? [n] : []));
  return starts.map((start, n) => all.slice(start, starts[n + 1]));
}

/** The command of a HEALTHCHECK in exec form. */
export function healthCommand(instruction: string): string[] {
  return JSON.parse(/CMD (\[.*\])$/.exec(instruction)?.[1] ?? '[]') as string[];
}

/** `KEY=value KEY=value` of ENV instructions, together. */
export function environmentOf(stage: Instruction[]): Record<string, string> {
  const pairs = stage.filter(({ name }) => name === 'ENV').flatMap(({ rest }) => rest.split(' '));
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}

/** Whether a path of the build context is left out by `.dockerignore`: plain names, `name*` and `any depth by two stars`. */
export function ignoredBy(dockerignore: string): (path: string) => boolean {
  const patterns = dockerignore
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const source = line
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('**/', '(?:.*/)?')
        .replaceAll(/\*/g, '[^/]*')
        .replaceAll('(?:.[^/]*/)?', '(?:.*/)?');
      return new RegExp(`^${source}(/|$)`);
    });
  return (path) => patterns.some((pattern) => pattern.test(path));
}
