// A new URL under a playing film: same place, same speed, same state, and the last picture stands meanwhile.
import { reach } from "./reach.js";
import { until } from "./until.js";

/** Draw the picture that is on screen over the video. (It came from another origin: it can be shown, not read.) */
function hold(video, canvas) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.hidden = false;
}

/**
 * Give the video another source. `wish` is read when it is needed, so whoever seeks or pauses meanwhile changes it.
 * `reading(second)` is called while a file without an index has to be read up to its place, `arrived()` at the place,
 * before the film goes on. Rejects when the source cannot be played; the held picture is gone either way.
 */
export async function swap(video, canvas, url, wish, { reading, arrived }) {
  hold(video, canvas);
  const { muted } = video;
  try {
    const known = until(video, "loadedmetadata");
    video.autoplay = false; // it was for the first source: a paused film is to stay paused under a new one
    video.defaultPlaybackRate = wish.rate;
    video.src = url;
    await known;
    await reach(video, wish, reading);
    video.playbackRate = wish.rate;
    arrived();
    canvas.hidden = true;
    // The end was reached: playing would begin again. A browser that wants a click first stays paused.
    if (wish.playing && !video.ended) await video.play().catch(() => {});
  } finally {
    video.muted = muted;
    canvas.hidden = true;
  }
}
