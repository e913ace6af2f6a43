import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PROJECT_ROOT } from '../../server/ops/project.ts';
import {
  environmentOf,
  healthCommand,
  ignoredBy,
  instructions,
  stages,
  type Instruction,
} from './dockerfile.ts';

/**
 * What `docker build` would do, in clean folders on this machine: the context without what is ignored, each COPY, and
 * each RUN but those that install the system's packages.
 */
export interface BuiltImage {
  /** `/app` of the image. */
  app: string;
  env: Record<string, string>;
  command: string[];
  healthCheck: string[];
  /** RUN steps that were left out. */
  leftOut: string[];
}

const WAY_OUT =
  /^(PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(https?|no)_proxy|npm_config_(registry|cafile))$/i;

export function buildImage(folder: string, say: (line: string) => void): BuiltImage {
  const all = instructions(join(PROJECT_ROOT, 'docker/Dockerfile'));
  const context = join(folder, 'context');
  copyContext(context);
  const roots = new Map<string, string>();
  const leftOut: string[] = [];
  let root = '';
  for (const [n, stage] of stages(all).entries()) {
    root = join(folder, `stage-${n}`);
    roots.set(/ AS (\w+)$/.exec(stage[0]!.rest)?.[1] ?? String(n), root);
    leftOut.push(...runStage(stage, root, context, roots, say));
  }
  const runtime = stages(all).at(-1)!;
  const rest = (name: string) => runtime.findLast((one) => one.name === name)?.rest ?? '';
  makeReadOnly(join(root, 'app'));
  return {
    app: join(root, 'app'),
    env: environmentOf(runtime),
    command: JSON.parse(rest('CMD')) as string[],
    healthCheck: healthCommand(rest('HEALTHCHECK')),
    leftOut,
  };
}

function copyContext(context: string): void {
  const ignored = ignoredBy(readFileSync(join(PROJECT_ROOT, '.dockerignore'), 'utf8'));
  const listed = execFileSync(
    'git',
    ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: PROJECT_ROOT,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  for (const path of listed.split('\0').filter((name) => name !== '' && !ignored(name))) {
    // A file deleted and not yet committed is listed and not there.
    if (!existsSync(join(PROJECT_ROOT, path))) continue;
    mkdirSync(dirname(join(context, path)), { recursive: true });
    cpSync(join(PROJECT_ROOT, path), join(context, path));
  }
}

function runStage(
  stage: Instruction[],
  root: string,
  context: string,
  roots: Map<string, string>,
  say: (line: string) => void,
): string[] {
  const leftOut: string[] = [];
  let workdir = root;
  mkdirSync(root, { recursive: true });
  for (const { name, rest } of stage) {
    if (name === 'WORKDIR') {
      workdir = join(root, rest);
      mkdirSync(workdir, { recursive: true });
    } else if (name === 'COPY') {
      copy(rest, workdir, context, roots);
    } else if (name === 'RUN' && /\bapt-get\b/.test(rest)) {
      leftOut.push(rest);
    } else if (name === 'RUN') {
      say(`RUN ${rest}`);
      // A builder knows nothing of ours but the way to the registry.
      const env = {
        ...Object.fromEntries(Object.entries(process.env).filter(([key]) => WAY_OUT.test(key))),
        HOME: root,
      };
      execFileSync('sh', ['-c', rest], { cwd: workdir, env, stdio: ['ignore', 'ignore', 'inherit'] });
    }
  }
  return leftOut;
}

function copy(rest: string, workdir: string, context: string, roots: Map<string, string>): void {
  const [from, ...words] = rest.startsWith('--from=') ? rest.split(' ') : ['', ...rest.split(' ')];
  const base = from ? roots.get(from.slice('--from='.length))! : context;
  const target = words.pop()!;
  for (const source of words) {
    const path = from ? join(base, source) : resolve(base, source);
    const place = resolve(workdir, target);
    // Docker copies a folder's content, and a file into a target that ends with a slash.
    cpSync(
      path,
      statSync(path).isFile() && target.endsWith('/') ? join(place, source.split('/').at(-1)!) : place,
      {
        recursive: true,
      },
    );
  }
}

function makeReadOnly(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (!entry.isSymbolicLink()) {
      const path = join(entry.parentPath, entry.name);
      chmodSync(path, statSync(path).mode & 0o555);
    }
  chmodSync(folder, 0o555);
}
