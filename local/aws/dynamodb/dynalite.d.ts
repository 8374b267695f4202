declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** dynalite 4 has no types. Its `request` event works even when the server doesn't listen. */
  export default function dynalite(options: {
    createTableMs: number;
    deleteTableMs: number;
    updateTableMs: number;
  }): Server;
}
