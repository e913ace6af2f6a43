import { createTransport } from 'nodemailer';
import { DeliveryError, type Deliver } from './channel.ts';

const TIMEOUT_MS = 10_000;

/** A letter by SMTP. Without a mail server configured every letter fails at once and says so. */
export function mailChannel({ smtpUrl, from }: { smtpUrl: string | null; from: string | null }): Deliver {
  if (smtpUrl === null || from === null) {
    return () => Promise.reject(new DeliveryError('no-mail-server', { isFinal: true }));
  }
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // Nothing is read from disk or fetched for a letter that is text.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ messageId, channel, email, title, text, url, level, notice }) => {
    const to = channel.target.to ?? email;
    if (to == null) throw new DeliveryError('no-address', { isFinal: true });
    try {
      await transport.sendMail({
        from,
        to,
        subject: title,
        text: [text, url].filter(Boolean).join('\n\n'),
        // The same through all attempts: a mailbox shows it once.
        messageId: `<${messageId}@${from.split('@').at(-1)?.replace(/[>\s]/g, '') ?? 'epagal'}>`,
        priority: level === 'urgent' && notice !== 'cleared' ? 'high' : 'normal',
        headers: { 'auto-submitted': 'auto-generated' },
      });
    } catch (error) {
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      // 5xx is the mail server's last word, except about itself (421 and 4xx come back later).
      throw new DeliveryError(
        responseCode === undefined ? (code ?? 'not-delivered') : `SMTP ${responseCode}`,
        {
          isFinal: responseCode !== undefined && responseCode >= 500,
        },
      );
    }
  };
}
