/** From the server's word to a sentence; words this page does not know get the general one. */
export function sentenceOf(reason: string, t: (key: string) => string, te: (key: string) => boolean): string {
  if (reason === 'outside-service-area') return t('citizen.report.outside');
  if (reason === 'too-many-requests') return t('citizen.report.tooMany');
  if (reason === 'too-large') return t('citizen.report.photoTooLarge');
  return te(`app.reason.${reason}`) ? t(`app.reason.${reason}`) : t('app.reason.internal');
}
