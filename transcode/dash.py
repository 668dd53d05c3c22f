"""The DASH manifest (ISO/IEC 23009-1, live profile) as a pure function of the plan, over the very cells that HLS lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil
from xml.etree import ElementTree as ET

from transcode import storyboard
from transcode.bandwidth import BitRates
from transcode.plan import Plan, VideoRendition, time_scale
from transcode.playlists import bit_rates_of
from transcode.sound import AudioTrack
from transcode.text import TextTrack

_NAMESPACE = "urn:mpeg:dash:schema:mpd:2011"
_BEHIND_S = Fraction(1, 1000)
_MIN_BUFFER_S = 4  # with it every representation plays through a line of its declared bandwidth


def mpd(plan: Plan, measured: Mapping[str, BitRates], texts: Sequence[TextTrack] = (), base: str = "") -> str:
    """The whole video in one period: an adaptation set a codec, each segment in an exact time line.

    `measured`: bit rates by rendition, of those that are complete. `base` leads from the manifest to their folder.
    """
    # The sound's last packet may go on behind the last picture. dash.js looks five times a second whether the manifest's
    # end is reached, and then stops without "ended": the end is a little behind all that can be played.
    length = _duration(max(sum(plan.segment_durations_s(each), Fraction(0)) for each in plan.renditions) + _BEHIND_S)
    root = ET.Element("MPD", {
        "xmlns": _NAMESPACE,
        "profiles": "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019",
        "type": "static",
        "mediaPresentationDuration": length,
        "minBufferTime": _duration(Fraction(_MIN_BUFFER_S)),
    })
    if base:
        ET.SubElement(root, "BaseURL").text = base
    period = ET.SubElement(root, "Period", {"id": "0", "start": "PT0S", "duration": length})
    for track in plan.audio:
        _sound(period, track, measured, main=track.stream_index == plan.audio[0].stream_index)
    for codec in plan.codecs:
        _pictures(period, plan, plan.of_codec(codec), measured)
    for text in texts:
        _text(period, text)
    storyboard.add_adaptation(period, plan)
    for number, adaptation in enumerate(period):
        adaptation.set("id", str(number))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _pictures(period: ET.Element, plan: Plan, renditions: Sequence[VideoRendition],
              measured: Mapping[str, BitRates]) -> None:
    top = renditions[0]
    rate = f"{plan.frame_rate.numerator}/{plan.frame_rate.denominator}"
    adaptation = ET.SubElement(period, "AdaptationSet", {
        "contentType": "video", "mimeType": "video/mp4", "segmentAlignment": "true",
        "startWithSAP": "1", "maxWidth": str(top.width_px), "maxHeight": str(top.height_px), "maxFrameRate": rate})
    ET.SubElement(adaptation, "Role", {"schemeIdUri": "urn:mpeg:dash:role:2011", "value": "main"})
    tick = time_scale(plan.frame_rate) / plan.frame_rate
    _template(adaptation, time_scale(plan.frame_rate), [int(frame * tick) for frame in plan.boundaries])
    for rendition in renditions:
        ET.SubElement(adaptation, "Representation", {
            "id": rendition.name, "codecs": rendition.codecs, "bandwidth": str(bit_rates_of(rendition, measured).peak_bps),
            "width": str(rendition.width_px), "height": str(rendition.height_px), "frameRate": rate, "sar": "1:1"})


def _sound(period: ET.Element, track: AudioTrack, measured: Mapping[str, BitRates], *, main: bool) -> None:
    """One set a rendition: a player must not change between stereo and 5.1 by itself."""
    adaptation = ET.SubElement(period, "AdaptationSet", {
        "contentType": "audio", "mimeType": "audio/mp4", "segmentAlignment": "true", "startWithSAP": "1",
        "lang": track.language or "und"})
    ET.SubElement(adaptation, "Label").text = track.label
    if track.describes_video:  # in the scheme that DVB-DASH (ETSI TS 103 285) names
        ET.SubElement(adaptation, "Accessibility", {"schemeIdUri": "urn:tva:metadata:cs:AudioPurposeCS:2007",
                                                    "value": "1"})
    role = "main" if main else "description" if track.describes_video else "alternate"
    ET.SubElement(adaptation, "Role", {"schemeIdUri": "urn:mpeg:dash:role:2011", "value": role})
    _template(adaptation, track.sample_rate_hz, [track.offset_samples + packet * 1024 for packet in track.boundaries])
    representation = ET.SubElement(adaptation, "Representation", {
        "id": track.name, "codecs": track.codecs, "bandwidth": str(bit_rates_of(track, measured).peak_bps),
        "audioSamplingRate": str(track.sample_rate_hz)})
    ET.SubElement(representation, "AudioChannelConfiguration", {
        "schemeIdUri": "urn:mpeg:dash:23003:3:audio_channel_configuration:2011", "value": str(track.channels)})


def _text(period: ET.Element, track: TextTrack) -> None:
    """Text is small: all of a track is one WebVTT file (DASH-IF IOP 4.3, 6.4.3)."""
    adaptation = ET.SubElement(period, "AdaptationSet", {"contentType": "text", "mimeType": "text/vtt",
                                                         "lang": track.language})
    ET.SubElement(adaptation, "Label").text = track.label
    ET.SubElement(adaptation, "Role", {"schemeIdUri": "urn:mpeg:dash:role:2011",
                                       "value": "caption" if track.captions else "subtitle"})
    representation = ET.SubElement(adaptation, "Representation", {
        "id": f"text-{track.language}", "bandwidth": str(track.bit_rate_bps)})
    ET.SubElement(representation, "BaseURL").text = f"{track.folder}/all.vtt"


def _template(adaptation: ET.Element, scale: int, cuts: Iterable[int]) -> None:
    """Where the segments are and when they begin, in ticks; runs of equal ones are one entry."""
    template = ET.SubElement(adaptation, "SegmentTemplate", {
        "timescale": str(scale), "startNumber": "0", "initialization": "$RepresentationID$/init.mp4",
        "media": "$RepresentationID$/$Number$.m4s"})
    line = ET.SubElement(template, "SegmentTimeline")
    entry: ET.Element | None = None
    for start, end in pairwise(cuts):
        if entry is None:
            entry = ET.SubElement(line, "S", {"t": str(start), "d": str(end - start)})
        elif entry.get("d") == str(end - start):
            entry.set("r", str(int(entry.get("r", "0")) + 1))
        else:
            entry = ET.SubElement(line, "S", {"d": str(end - start)})


def _duration(seconds: Fraction) -> str:
    """An xs:duration, up to the next microsecond."""
    return f"PT{ceil(seconds * 1_000_000) / 1_000_000:.6f}".rstrip("0").rstrip(".") + "S"
