// A new URL under a playing video: same place, same speed, same state, and the last picture stands meanwhile.
const PATIENCE = 15_000;

function until(video, name) {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const over = (settle, value) => {
      stop.abort();
      clearTimeout(timer);
      settle(value);
    };
    const timer = setTimeout(() => over(reject, new Error("timeout")), PATIENCE);
    video.addEventListener(name, () => over(resolve), { signal: stop.signal });
    video.addEventListener("error", () => over(reject, video.error ?? new Error("error")), { signal: stop.signal });
  });
}

/** Draw the picture that is on screen over the video. (It came from another origin: it can be shown, not read.) */
function hold(video, canvas) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.hidden = false;
}

async function goTo(video, second) {
  const there = until(video, "seeked");
  video.currentTime = second;
  await there;
}

/**
 * Give the video another source. `wish` is read when it is needed, so whoever seeks or pauses meanwhile changes it.
 * Rejects when the source cannot be played; the held picture is gone either way.
 */
export async function swap(video, canvas, url, wish) {
  hold(video, canvas);
  try {
    const known = until(video, "loadedmetadata");
    video.autoplay = false; // it was for the first source: a paused film is to stay paused under a new one
    video.defaultPlaybackRate = wish.rate;
    video.src = url;
    await known;
    video.playbackRate = wish.rate;
    while (Math.abs(video.currentTime - place(video, wish)) > 0.01) await goTo(video, place(video, wish));
    if (wish.playing) await video.play().catch(() => {}); // a browser that wants a click first stays paused
  } finally {
    canvas.hidden = true;
  }
}

/** Where to go on. A file shorter than believed starts again: there is nothing where we were (416). */
function place(video, wish) {
  return Number.isFinite(video.duration) && wish.at >= video.duration ? 0 : wish.at;
}
