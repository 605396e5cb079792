"""Make the sandbox's recordings: two call tiles, a big running clock, a tone that changes every 10 seconds.

Run `python auditportal/sandbox/media/make.py` with an ffmpeg binary on PATH (libx264, libvpx, libopus) and the
DejaVu fonts. The files are committed, so nobody needs ffmpeg to run the sandbox or the tests.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FONTS = Path("/usr/share/fonts/truetype/dejavu")
WIDTH, HEIGHT, FRAME_RATE = 640, 360, 10
TRACK = 592
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Call:
    """A file to make: the people on screen, its length in seconds, and two tile colours."""

    name: str
    seconds: int
    left: str
    right: str
    colours: tuple[Colour, Colour]


TEAL, PLUM, BLUE, SAND, MOSS, ROSE = (
    (38.0, 92.0, 98.0),
    (88.0, 62.0, 104.0),
    (48.0, 78.0, 128.0),
    (120.0, 92.0, 62.0),
    (66.0, 98.0, 70.0),
    (122.0, 66.0, 78.0),
)
CALLS = (
    Call("call-20s.mp4", 20, "Agent", "Customer", (TEAL, PLUM)),
    Call("call-65s.mp4", 65, "Agent", "Customer", (BLUE, SAND)),
    Call("call-150s.mp4", 150, "Agent", "Customer", (MOSS, ROSE)),
    Call("call-300s.mp4", 300, "Agent", "Customer", (BLUE, PLUM)),
    Call("call-40s.webm", 40, "Agent", "Customer", (SAND, TEAL)),
)
AUDIO_NAME, AUDIO_SECONDS = "call-45s.m4a", 45


def mix(under: Colour, over: Colour, share: float) -> Colour:
    """Blend `over` onto `under`; a share of 1 hides what is below."""
    share = min(1.0, max(0.0, share))
    return tuple(u + (o - u) * share for u, o in zip(under, over, strict=True))  # type: ignore[return-value]


def rounded_box(x: float, y: float, box: tuple[int, int, int, int], radius: float) -> float:
    """Return the signed distance in px from a point to a rounded box (left, top, width, height); negative inside."""
    left, top, width, height = box
    dx = abs(x - left - width / 2) - width / 2 + radius
    dy = abs(y - top - height / 2) - height / 2 + radius
    return float(min(max(dx, dy), 0.0) + (max(dx, 0) ** 2 + max(dy, 0) ** 2) ** 0.5 - radius)


def person(colour: Colour, x: float, y: float, box: tuple[int, int, int, int]) -> Colour:
    """Draw the head and shoulders of a person in front of a camera."""
    left, top, width, height = box
    middle = left + width / 2
    light = mix(colour, (235.0, 238.0, 244.0), 0.42)
    head = ((x - middle) ** 2 + (y - top - height * 0.40) ** 2) ** 0.5 - 30
    shoulders = ((((x - middle) / 72) ** 2 + ((y - top - height - 4) / 62) ** 2) ** 0.5 - 1) * 62
    return mix(mix(colour, light, 0.5 - shoulders), light, 0.5 - head)


def pixel(call: Call, x: int, y: int) -> Colour:
    """Return the colour of one pixel of the still picture below the moving parts."""
    shade = mix((24.0, 30.0, 42.0), (12.0, 15.0, 22.0), y / HEIGHT)
    for box, colour in zip(((24, 44, 288, 190), (328, 44, 288, 190)), call.colours, strict=True):
        inside = 0.5 - rounded_box(x, y, box, 12)
        if inside > 0:
            lit = mix(colour, (14.0, 18.0, 26.0), (y - box[1]) / box[3] * 0.55)
            shade = mix(shade, person(lit, x, y, box), inside)
    return shade


def write_backdrop(call: Call, path: Path) -> None:
    """Write the still picture as a PPM file."""
    rows = (pixel(call, x, y) for y in range(HEIGHT) for x in range(WIDTH))
    data = bytes(round(channel) for colour in rows for channel in colour)
    path.write_bytes(b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + data)


def text(
    words: Path, *, size: int, x: str, y: str, font: str = "DejaVuSans.ttf", colour: str = "0xE8ECF4"
) -> str:
    """Return a drawtext filter. The text comes from a file, so that only the expansion needs escapes."""
    return f"drawtext=fontfile={FONTS / font}:textfile={words}:fontsize={size}:fontcolor={colour}:x={x}:y={y}"


def picture(call: Call, folder: Path) -> str:
    """Return the filter graph that turns backdrop, track and fill into the moving picture."""
    words = {
        "clock": r"%{pts:gmtime:0:%M\:%S}.%{eif:mod(floor(t*10+0.01),10):d}",
        "title": f"Video call  ·  {call.seconds} s",
        "left": call.left,
        "right": call.right,
        "rec": "REC",
    }
    for name, line in words.items():
        (folder / name).write_text(line, encoding="utf-8")
    blink = ":enable='lt(mod(t,1),0.5)'"
    speaking = "drawbox=x={x}:y=44:w=288:h=190:color=0x8FD3FF@0.9:t=2:enable='{when}(mod(t,10),5)'"
    layers = [
        speaking.format(x=24, when="lt"),
        speaking.format(x=328, when="gte"),
        text(folder / "title", size=14, x="24", y="18", colour="0xA9B3C4"),
        text(folder / "rec", size=14, x="w-text_w-24", y="18", colour="0xFF7A7A", font="DejaVuSans-Bold.ttf")
        + blink,
        text(folder / "left", size=14, x="36", y="210"),
        text(folder / "right", size=14, x="340", y="210"),
        text(folder / "clock", size=64, x="(w-text_w)/2", y="254", font="DejaVuSansMono-Bold.ttf"),
    ]
    return (
        f"color=0x2A3344:s={TRACK}x4:r={FRAME_RATE}:d={call.seconds}[track];"
        f"color=0x8FD3FF:s={TRACK}x4:r={FRAME_RATE}:d={call.seconds}[fill];"
        f"[track][fill]overlay=x='-{TRACK}+{TRACK}*t/{call.seconds}':y=0[bar];"
        f"[0:v]{','.join(layers)}[still];[still][bar]overlay=x=24:y=332:shortest=1,format=yuv420p[v]"
    )


def tone(seconds: int) -> str:
    """Return a quiet swelling tone that changes its pitch every 10 seconds (steps of a fifth within two octaves)."""
    pitch = "196*pow(2,mod(floor(t/10)*7,24)/12)"
    return f"aevalsrc='0.12*(0.65+0.35*sin(PI*t))*sin(2*PI*t*{pitch})':s=24000:d={seconds}"


def run(*arguments: str | Path) -> None:
    """Run ffmpeg. A failure ends the script with ffmpeg's message."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def codecs(name: str) -> list[str]:
    """Return encoder settings by file name ending. Bit-exact: the same ffmpeg makes the same bytes."""
    exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    if name.endswith(".webm"):
        video = ["-c:v", "libvpx", "-crf", "30", "-b:v", "64k", "-g", "20"]
        return [*exact, *video, "-c:a", "libopus", "-b:a", "24k", "-cues_to_front", "1"]
    video = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "32", "-g", "30", "-profile:v", "main"]
    return [*exact, *video, "-c:a", "aac", "-b:a", "16k", "-movflags", "+faststart"]


def make_call(call: Call) -> None:
    """Make one video file."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_backdrop(call, folder / "backdrop.ppm")
        still = ["-loop", "1", "-framerate", str(FRAME_RATE), "-t", str(call.seconds)]
        sound = ["-f", "lavfi", "-i", tone(call.seconds)]
        graph = ["-filter_complex", picture(call, folder), "-map", "[v]", "-map", "1:a"]
        length = ["-t", str(call.seconds), "-r", str(FRAME_RATE)]
        run(
            *still,
            "-i",
            folder / "backdrop.ppm",
            *sound,
            *graph,
            *length,
            *codecs(call.name),
            HERE / call.name,
        )


def make_audio() -> None:
    """Make the audio file."""
    exact = ["-fflags", "+bitexact", "-flags:a", "+bitexact"]
    sound = ["-f", "lavfi", "-i", tone(AUDIO_SECONDS), "-t", str(AUDIO_SECONDS)]
    run(*sound, *exact, "-c:a", "aac", "-b:a", "16k", "-movflags", "+faststart", HERE / AUDIO_NAME)


def main() -> None:
    """Make every file and print its size."""
    for call in CALLS:
        make_call(call)
        print(call.name, (HERE / call.name).stat().st_size)
    make_audio()
    print(AUDIO_NAME, (HERE / AUDIO_NAME).stat().st_size)


if __name__ == "__main__":
    main()
