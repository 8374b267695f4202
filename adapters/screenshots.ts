import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import type { Screenshots } from '../core/ports.ts';
import { callAws, clientDefaults } from './aws.ts';

/**
 * Puts pictures into a bucket.
 * @param url where the bucket is shown: the object's key is added at the end
 */
export function s3Screenshots(bucket: string, url: string): Screenshots {
  const client = new S3Client(clientDefaults);
  return {
    async keep(key, jpeg) {
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: Buffer.from(jpeg, 'base64'),
        ContentType: 'image/jpeg',
      });
      await callAws('keeping a screenshot', () => client.send(command));
      return url + encodeURIComponent(key);
    },
  };
}
