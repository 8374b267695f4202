import type { MailText } from '../../core/notice-text.ts';
import { mailOf } from '../../core/notice-text.ts';

/** The mail with the link to sign in. */
export function signInMail(url: string): MailText {
  return mailOf({
    subject: 'Sign in to Grantkeeper',
    greeting: 'Hello,',
    sentences: ['Use this link to sign in to the Grantkeeper panel.'],
    button: { label: 'Sign in', url },
    about: [
      'It works once, within ten minutes, and only in the browser in which you asked for it.',
      'If you did not ask for it, ignore this mail: nobody can sign in without it.',
    ],
  });
}
