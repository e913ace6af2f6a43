import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NodeTypes, parse as parseTemplate, type TemplateChildNode } from '@vue/compiler-dom';
import { parse } from '@vue/compiler-sfc';
import { describe, expect, it } from 'vitest';

const SRC = dirname(dirname(fileURLToPath(import.meta.url)));
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).map((name) => join(SRC, name));
const named = (ending: string) => files.filter((file) => file.endsWith(ending)).sort();

function leaves(messages: object, prefix = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(messages)) {
    if (typeof value === 'string') found.set(prefix + key, value);
    else for (const [inner, text] of leaves(value as object, `${prefix}${key}.`)) found.set(inner, text);
  }
  return found;
}

const load = async (file: string) =>
  ((await import(pathToFileURL(file).href)) as { default: object }).default;
const slots = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe.each(named('locale.es.ts').map((file) => [relative(SRC, file), file]))('%s', (_, file) => {
  it('says the same things in English, with the same blanks', async () => {
    const spanish = leaves(await load(file));
    const english = leaves(await load(file.replace(/es\.ts$/, 'en.ts')));
    expect([...english.keys()]).toEqual([...spanish.keys()]);
    for (const [key, text] of spanish) expect(slots(english.get(key)!), key).toEqual(slots(text));
  });

  it('leaves no form of a plural empty: the message would not compile', async () => {
    for (const language of [file, file.replace(/es\.ts$/, 'en.ts')])
      for (const [key, text] of leaves(await load(language)))
        if (text.includes(' | ')) for (const form of text.split('|')) expect(form.trim(), key).not.toBe('');
  });

  it('follows the house’s copy: no exclamation marks, never “error”', async () => {
    for (const text of leaves(await load(file)).values()) expect(text).not.toMatch(/[!¡]|\berror\b/i);
  });
});

/** Anything with two letters in a row is a word; signs, numbers and punctuation are not. */
const isWords = (text: string) => /\p{L}{2}/u.test(text);
const SPOKEN_ATTRIBUTES = new Set(['title', 'alt', 'placeholder', 'label', 'aria-label', 'text', 'action']);

function rawTexts(nodes: readonly TemplateChildNode[]): string[] {
  return nodes.flatMap((node) => {
    if (node.type === NodeTypes.TEXT) return isWords(node.content) ? [node.content.trim()] : [];
    if (node.type !== NodeTypes.ELEMENT) return [];
    const spoken = node.props.flatMap((prop) =>
      prop.type === NodeTypes.ATTRIBUTE &&
      SPOKEN_ATTRIBUTES.has(prop.name) &&
      isWords(prop.value?.content ?? '')
        ? [`${prop.name}="${prop.value!.content}"`]
        : [],
    );
    return [...spoken, ...rawTexts(node.children)];
  });
}

describe('templates', () => {
  it('finds raw text where there is some', () => {
    const { children } = parseTemplate('<p title="Hola">Texto <b>{{ t("x") }}</b> · 12 %</p>');
    expect(rawTexts(children)).toEqual(['title="Hola"', 'Texto']);
  });

  it.each(named('.vue').map((file) => [relative(SRC, file), file]))(
    '%s holds no words of its own',
    (_, file) => {
      const template = parse(readFileSync(file, 'utf8')).descriptor.template?.content ?? '';
      expect(rawTexts(parseTemplate(template).children)).toEqual([]);
    },
  );
});
