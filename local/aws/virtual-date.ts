/**
 * Puts this thread on the embedded cloud's time: `new Date()`, `Date()` and `Date.now()` read the shared cell
 * (epoch milliseconds, see `clock.ts`). Call it before importing anything that may keep a reference to `Date`.
 *
 * Only `Date` is virtual. Timers, `performance.now()`, `Intl` formatting without a date and the `Date` header
 * of Node's HTTP server stay real.
 */
export function installVirtualDate(shared: SharedArrayBuffer): void {
  const cell = new BigInt64Array(shared);
  const RealDate = globalThis.Date;
  const now = (): number => Number(Atomics.load(cell, 0));

  // A proxy and not a subclass: `Date()` without `new` must work too, and `instanceof` and the prototype stay.
  const VirtualDate = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, property, receiver): unknown =>
      property === 'now' ? now : Reflect.get(target, property, receiver),
  });
  RealDate.prototype.constructor = VirtualDate;
  globalThis.Date = VirtualDate;
}

/** Real epoch milliseconds, the same in all threads. */
export const realNowMs = () => performance.timeOrigin + performance.now();
