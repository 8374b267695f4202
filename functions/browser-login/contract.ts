import * as z from 'zod/mini';

import { ReportSchema } from '../../core/browser-login.ts';
import { RecipeSchema } from '../../core/recipe.ts';
import { ConnectionIdSchema } from '../../core/settings.ts';
import { telemetryEnvironment } from '../../app/environment.ts';

/** It is called by `request-browser-login` alone, and not by the state machine, whose history would have the link. */
export const contract = {
  name: 'browser-login',
  input: z.object({
    connectionId: ConnectionIdSchema,
    /** The page that begins a login, as it stands in the owner's mail. */
    link: z.url(),
    /** Where the provider leads back to. */
    callbackUrl: z.url(),
    recipe: RecipeSchema,
    /** Version of the credentials that must not be tried again. */
    refusedVersionId: z.optional(z.string()),
    /** Nor any that was put there before (epoch milliseconds). */
    unheardAtMs: z.optional(z.int()),
  }),
  output: ReportSchema,
  environment: z.object({
    ...telemetryEnvironment,
    /** Name of the one secret that it may read. */
    BROWSER_CREDENTIALS_SECRET: z.string().check(z.minLength(1)),
    /** Where the layer has Chromium. */
    CHROMIUM_FOLDER: z.string().check(z.minLength(1)),
  }),
  logKeys: ({ connectionId }: { readonly connectionId: string }) => ({ connectionId }),
};

export type BrowserLoginInput = z.infer<typeof contract.input>;
