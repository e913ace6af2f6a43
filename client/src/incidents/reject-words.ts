/** Why a report is turned down, in the order of keys 1–6. */
export const REJECT_WORDS = ['duplicate', 'notWaste', 'alreadyGone', 'notFound', 'unclear', 'other'] as const;
