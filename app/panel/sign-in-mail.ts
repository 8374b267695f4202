import type { MailText } from '../../core/notice.ts';
import { mailOf } from '../../core/notice.ts';

/** The link to sign in: who asked for it, and what it is good for. */
export function signInMail(url: string): MailText {
  return mailOf({
    subject: 'Sign in to Grantkeeper',
    greeting: 'Hello,',
    sentences: ['Somebody asked to sign in to the panel of Grantkeeper with this address.'],
    button: { label: 'Sign in', url },
    about: [
      'The link works once, for ten minutes, and only in the browser that asked for it.',
      'If it was not you, do nothing: nobody can sign in without this mail and that browser.',
    ],
  });
}
