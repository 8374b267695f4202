declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** dynalite 4 brings no types. The server works by its `request` event also when it does not listen. */
  export default function dynalite(options: {
    createTableMs: number;
    deleteTableMs: number;
    updateTableMs: number;
  }): Server;
}
