// Waiting for the video.

/**
 * Wait for an event of the video. Rejects on an error, and when no data has arrived for `patience` milliseconds. A slow
 * connection alone is no failure.
 */
export function until(video, name, patience = 15_000) {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const over = (settle, value) => {
      stop.abort();
      clearTimeout(timer);
      settle(value);
    };
    let timer;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => over(reject, new Error("timeout")), patience);
    };
    wait();
    video.addEventListener("progress", wait, { signal: stop.signal });
    video.addEventListener(name, () => over(resolve), { signal: stop.signal });
    video.addEventListener("error", () => over(reject, video.error ?? new Error("error")), { signal: stop.signal });
  });
}
