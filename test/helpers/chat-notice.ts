import type { ChatNotice } from '../../core/posted-channel.ts';

export const url = 'https://grants.example.com/reauthorize/schwab-main/a1b2c3d4e5f6a7b8c9d0/Zm9v_Ym-Fy';
export const notice: ChatNotice = {
  kind: 'expiring',
  subject: 'Log in to Charles Schwab before Mon 9 Mar, 11:00 GMT-4 (schwab-main)',
  sentences: [
    'The connection schwab-main to Charles Schwab needs you to log in again.',
    'Until Mon 9 Mar, 11:00 GMT-4 everything goes on working; after that it stops.',
  ],
  button: { label: 'Log in to Charles Schwab', url },
  about: ['The link works until Sun 8 Mar, 11:50 GMT-4.'],
};
export const restored: ChatNotice = { kind: 'restored', subject: 'It works again', sentences: [], about: [] };
