// Go to a position in a video, whatever its file says about its length. A browser cannot seek in a file without an
// index (as browsers record it), with a wrong length in its header, or from a storage that does not serve ranges.
// Such a file is read up to the position: by seeking as far as the browser can, else by playing it fast, hidden and
// muted.
import { until } from "./until.js";

const NEAR = 0.3;
const TRIES = 3;
const GROWS = 1500;
const STANDS = 12_000;
const FASTEST = 16;
const SAYS_AFTER = 1500;

/** Return the last second that the browser can seek to, a little before the end. 0: it cannot seek at all. */
export function furthest(video) {
  const { seekable } = video;
  const end = seekable.length ? seekable.end(seekable.length - 1) : 0;
  return Number.isFinite(end) ? Math.max(0, end - 0.1) : end;
}

function isNear(video, second) {
  return Math.abs(video.currentTime - second) <= NEAR;
}

/**
 * Bring the video to `wish.at`, or to its end if that comes first. When it takes long, `tell(second)` reports how far
 * it is. Rejects when no more data arrives.
 */
export async function reach(video, wish, tell) {
  const began = performance.now();
  const say = () => performance.now() - began > SAYS_AFTER && tell(video.currentTime);
  const saying = setInterval(say, 500);
  try {
    for (let tries = 0; tries < TRIES && !isNear(video, wish.at); ) {
      const [from, target] = [furthest(video), Math.min(wish.at, furthest(video))];
      if (Math.abs(target - video.currentTime) > 0.01) await seekTo(video, target);
      // A browser can seek in what it has read, so continue as long as that grows.
      if (!isNear(video, wish.at) && !(await grows(video, from))) tries += 1;
    }
    if (video.currentTime < wish.at - NEAR && !video.ended) await playUpTo(video, wish);
  } finally {
    clearInterval(saying);
  }
}

async function seekTo(video, second) {
  const there = until(video, "seeked");
  video.currentTime = second;
  // No event follows if the browser cannot seek.
  if (video.seeking) await there;
  else there.catch(() => {});
}

async function grows(video, from) {
  for (let waited = 0; waited < GROWS; waited += 100) {
    if (furthest(video) > from + NEAR) return true;
    await new Promise((next) => setTimeout(next, 100));
  }
  return false;
}

/** It is hidden behind the held picture, and watching.js does not count what is played until the swap is over. */
async function playUpTo(video, wish) {
  video.muted = true;
  await video.play();
  let [place, movedAt] = [video.currentTime, performance.now()];
  while (video.currentTime < wish.at && !video.ended) {
    if (video.error) throw video.error;
    if (video.currentTime !== place) [place, movedAt] = [video.currentTime, performance.now()];
    if (performance.now() - movedAt > STANDS) throw new Error("no progress");
    // Slow down near the position, to stop at it and not behind it.
    video.playbackRate = Math.min(FASTEST, Math.max(1, (wish.at - video.currentTime) * 2));
    await new Promise((next) => setTimeout(next, 50));
  }
  if (video.ended) return;
  video.pause();
  if (!isNear(video, wish.at) && furthest(video) > wish.at) await seekTo(video, wish.at);
}
