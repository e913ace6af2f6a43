/** A list the server keeps: loading, the last data while it cannot be read, and reading it again. */
import { computed, onMounted, ref, shallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { reasonOf, sentenceOf } from '../app/errors.ts';

export function useList<Row>(read: () => Promise<readonly Row[]>) {
  const { t, te } = useI18n();
  const rows = shallowRef<readonly Row[] | null>(null);
  const trouble = ref('');

  async function reload(): Promise<void> {
    try {
      rows.value = await read();
      trouble.value = '';
    } catch (error) {
      trouble.value = sentenceOf(reasonOf(error), t, te);
    }
  }
  onMounted(reload);
  return { rows, trouble, reload };
}

/** Rows that contain what was typed, in any of the texts given for them. */
export function useFilter<Row>(
  rows: () => readonly Row[] | null,
  texts: (row: Row) => readonly (string | null)[],
) {
  const typed = ref('');
  const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const shown = computed(() => {
    const wanted = plain(typed.value.trim());
    return (rows() ?? []).filter(
      (row) => wanted === '' || texts(row).some((text) => plain(text ?? '').includes(wanted)),
    );
  });
  return { typed, shown };
}
