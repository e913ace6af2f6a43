import { connect } from 'node:tls';
import { missing, note, ok, type Finding, type Patient } from './finding.ts';

const ANSWER_MS = 10_000;
const DAY_MS = 86_400_000;
/** Caddy and certbot renew a month before the end: later than this, renewing does not work. */
export const SOON_DAYS = 14;
const CURE = 'let the proxy renew it (systemctl status caddy), or put a new one in place';

interface Seen {
  validTo: Date;
  issuer: string;
  /** Why a browser would refuse it; null when it would not. */
  refusal: string | null;
}

/** The certificate of the public address, as a browser sees it. */
export async function certificate({ config, now }: Patient): Promise<Finding> {
  const url = new URL(config.publicUrl ?? 'http://unset');
  if (url.protocol !== 'https:')
    return missing(
      `${config.publicUrl} is not https`,
      'put a TLS proxy in front and set PUBLIC_URL=https://…',
    );
  let seen: Seen;
  try {
    seen = await lookAt(url.hostname, Number(url.port || 443));
  } catch (error) {
    return missing(`${url.host}: ${(error as Error).message}`, 'the proxy must answer at the public address');
  }
  const days = Math.floor((seen.validTo.getTime() - now.getTime()) / DAY_MS);
  const until = seen.validTo.toISOString().slice(0, 10);
  if (days < 0) return missing(`expired on ${until}`, CURE);
  if (seen.refusal) return missing(`valid until ${until}, but browsers refuse it: ${seen.refusal}`, CURE);
  const says = `valid until ${until}, ${days} days, from ${seen.issuer}`;
  return days < SOON_DAYS ? note(says, CURE) : ok(says);
}

/**
 * Days until the certificate at an https address ends (negative: it has), null where none can be seen from here.
 * @param now the present
 */
export async function daysOfCertificate(publicUrl: string, now: Date): Promise<number | null> {
  const url = new URL(publicUrl);
  if (url.protocol !== 'https:') return null;
  const seen = await lookAt(url.hostname, Number(url.port || 443)).catch(() => null);
  return seen && Math.floor((seen.validTo.getTime() - now.getTime()) / DAY_MS);
}

function lookAt(host: string, port: number): Promise<Seen> {
  return new Promise((resolve, reject) => {
    // An IP address is no server name.
    const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
    // Refused ones are looked at too: that is what the doctor is for.
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: ANSWER_MS, ...servername });
    socket.once('secureConnect', () => {
      const given = socket.getPeerCertificate();
      const refusal = socket.authorized ? null : String(socket.authorizationError);
      socket.destroy();
      const issuer = given.issuer?.O ?? given.issuer?.CN ?? 'unknown';
      resolve({ validTo: new Date(given.valid_to), issuer: String(issuer), refusal });
    });
    socket.once('timeout', () => socket.destroy(new Error(`no answer in ${ANSWER_MS / 1_000} s`)));
    socket.once('error', reject);
  });
}
