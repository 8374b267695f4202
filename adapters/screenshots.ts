import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import type { Screenshots } from '../core/ports.ts';
import { callAws, clientDefaults } from './aws.ts';

/**
 * Stores screenshots in a bucket.
 * @param url the console's address of the bucket, to which it adds the object's key
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
