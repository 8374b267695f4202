import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { discordMessage } from '../../core/channel-discord.ts';
import { slackMessage } from '../../core/channel-slack.ts';
import { telegramMessage } from '../../core/channel-telegram.ts';
import { url } from '../helpers/chat-notice.ts';

test('whatever the texts, the bodies are well-formed and hold no control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })), (subject, texts) => {
      const change = {
        kind: 'test' as const,
        subject,
        sentences: texts,
        button: { label: subject, url },
        about: texts,
      };
      for (const body of [slackMessage(change), discordMessage(change), telegramMessage(change, '1')]) {
        const written = JSON.stringify(body);
        expect(written).not.toMatch(/\\u(?:d[89a-f]|00)/);
        expect(JSON.parse(written)).toEqual(body);
      }
    }),
  );
});
