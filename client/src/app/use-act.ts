/** Runs a change the person asked for: busy while it runs, a sentence when it is refused. */
import { ref, shallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { detailOf, reasonOf, sentenceOf } from './errors.ts';

export function useAct() {
  const { t, te } = useI18n();
  const busy = ref(false);
  const refusal = ref('');
  /** What the server added to the refusal. */
  const detail = shallowRef<Readonly<Record<string, unknown>>>({});

  /** Answers undefined when it was refused or another one is still running. */
  async function act<Answer>(change: () => Promise<Answer>): Promise<Answer | undefined> {
    if (busy.value) return undefined;
    busy.value = true;
    refusal.value = '';
    detail.value = {};
    try {
      return await change();
    } catch (error) {
      detail.value = detailOf(error);
      refusal.value = sentenceOf(reasonOf(error), t, te);
      return undefined;
    } finally {
      busy.value = false;
    }
  }
  return { busy, refusal, detail, act };
}
