/** Epoch milliseconds that no virtual date has moved: the same in all threads. */
export const realNowMs = () => performance.timeOrigin + performance.now();
