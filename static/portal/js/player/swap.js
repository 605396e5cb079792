// Exchange the URL of a playing video: same position, speed and state. The last picture is shown meanwhile.
import { reach } from "./reach.js";
import { until } from "./until.js";

/** Draw the current picture over the video. (It is from another origin, so it can be shown but not read.) */
function hold(video, canvas) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.hidden = false;
}

/**
 * Give the video another source. `wish` is read late, so that seeking or pausing meanwhile can change it. Calls
 * `reading(second)` while a file without an index is read up to the position, and `arrived()` at the position, before
 * it plays. Rejects when the source cannot be played. The held picture is removed in any case.
 */
export async function swap(video, canvas, url, wish, { reading, arrived }) {
  hold(video, canvas);
  const { muted } = video;
  try {
    const known = until(video, "loadedmetadata");
    video.autoplay = false; // it was for the first source: a paused video stays paused with a new one
    video.defaultPlaybackRate = wish.rate;
    video.src = url;
    await known;
    await reach(video, wish, reading);
    video.playbackRate = wish.rate;
    arrived();
    canvas.hidden = true;
    // At the end, playing would start again. A browser that requires a click first stays paused.
    if (wish.playing && !video.ended) await video.play().catch(() => {});
  } finally {
    video.muted = muted;
    canvas.hidden = true;
  }
}
