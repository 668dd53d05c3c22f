"""How a live session is doing, and what its lecturer could do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from infra.core.media import Frozen
from transcode.live.meter import Reading
from transcode.live.plan import SourceLook

RARE_KEY_FRAMES_S = 4.0
HIGH_BPS = 12_000_000
_LOW_BITS = 0.02  # a pixel and frame: 550 kbit/s of 720p30, which is little even for slides at a constant rate
_BEHIND_S = 3.0
_SLOW_FPS = 14.0
_FEW_FRAMES = 3


class Advice(Frozen):
    """What is amiss. `code` is for programs, `message` says in sentences what to do."""

    code: str
    message: str


class Health(Frozen):
    """See docs/live.md#health. Of the incoming stream as it was in the last 10 s."""

    bitrate_bps: int
    frame_rate: float | None
    key_frame_interval_s: float | None
    missing_frames: int
    width_px: int
    height_px: int
    video_codec: str
    audio_codec: str | None
    encoder_speed: float | None
    encoder_lag_s: float
    restarts: int
    advice: tuple[Advice, ...]


def health(reading: Reading, look: SourceLook, *, encoder_speed: float | None, encoder_lag_s: float, restarts: int
           ) -> Health:
    """All that is known of it, with the advice that follows."""
    return Health(
        bitrate_bps=reading.bitrate_bps, frame_rate=reading.frame_rate, key_frame_interval_s=reading.key_frame_interval_s,
        missing_frames=reading.missing_frames, width_px=look.width_px, height_px=look.height_px,
        video_codec=look.codec, audio_codec=look.sound_codec or None if look.sound else None,
        encoder_speed=encoder_speed, encoder_lag_s=round(encoder_lag_s, 2), restarts=restarts,
        advice=tuple(Advice(code=code, message=message) for code, message in _advice(reading, look, encoder_lag_s)))


def _advice(reading: Reading, look: SourceLook, encoder_lag_s: float) -> Iterator[tuple[str, str]]:
    interval_s, rate, bps = reading.key_frame_interval_s, reading.frame_rate, reading.bitrate_bps
    if encoder_lag_s > _BEHIND_S:
        yield "encoder_behind", (f"Lectern is {encoder_lag_s:.0f} s behind with encoding: this machine is too busy. Have it "
                                 "do less else, or send a smaller picture.")
    if not look.sound:
        yield "no_sound", ("No sound arrives. If there should be some, choose a microphone in your encoder, and start "
                           "streaming again.")
    if interval_s is not None and interval_s > RARE_KEY_FRAMES_S:
        yield "key_frames_rare", (f"A key frame comes every {interval_s:.0f} s only, and after an interruption the picture "
                                  "waits for one. Set the keyframe interval of your encoder to 2 s.")
    if reading.missing_frames > _FEW_FRAMES or not reading.steady:
        yield "frames_missing", ("Pictures are missing, or come unevenly: the encoder, or the line from it, does not keep "
                                 "up. Lower its bit rate, or use a cable.")
    elif rate is not None and rate < _SLOW_FPS:
        yield "frame_rate_low", f"Only {rate:.0f} pictures a second arrive. 25 or 30 look smooth."
    if bps > HIGH_BPS:
        yield "bitrate_high", (f"{bps / 1e6:.0f} Mbit/s arrive. Learners get 1080p at most while it is live, for which 6 "
                               "Mbit/s are plenty; less is safer for your line.")
    elif 0 < bps < _LOW_BITS * look.width_px * look.height_px * (rate or 30):
        yield "bitrate_low", (f"Only {bps / 1000:.0f} kbit/s arrive for {look.width_px}x{look.height_px}. If the picture is "
                              "blurred, raise the bit rate of your encoder: 720p takes 2500 kbit/s.")
