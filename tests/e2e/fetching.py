"""All that a player can fetch of a video."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import m3u8
from service import Service


def fetched(service: Service, playback_id: str, seed: str) -> dict[str, bytes]:
    """By rendition: all its bytes, fetched in random order by four at once."""
    root = f"/play/{playback_id}"
    with service.client("") as viewer:
        master = m3u8.loads(viewer.get(f"{root}/master.m3u8").text)
        # The packaged ffmpeg decodes no AV1: browsers do, in test_codecs.py.
        h264 = [v.uri.partition("/")[0] for v in master.playlists if v.stream_info.codecs.startswith("avc1")]
        names = h264 + [m.uri.partition("/")[0] for m in master.media]
        wanted = []
        for name in names:
            playlist = m3u8.loads(viewer.get(f"{root}/{name}/index.m3u8").text)
            wanted += [(name, uri) for uri in ["init.mp4", *(segment.uri for segment in playlist.segments)]]
        order = random.Random(seed).sample(wanted, len(wanted))

        def get(one: tuple[str, str]) -> bytes:
            answer = viewer.get(f"{root}/{one[0]}/{one[1]}", timeout=60)
            assert answer.status_code == 200, (one, answer.text)
            return answer.content

        with ThreadPoolExecutor(4) as pool:
            bodies = dict(zip(order, pool.map(get, order), strict=True))
    return {name: b"".join(bodies[one] for one in wanted if one[0] == name) for name in names}
