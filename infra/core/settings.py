"""All settings, in one tree. The defaults are the embedded mode: one machine, no server, ./lectern-data."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_CODECS = "(h264|av1|vp9)(,(h264|av1|vp9))*"


class Settings(BaseSettings):
    """Read from the environment as LECTERN_<NAME>; `lectern up --help` shows the few that are also flags."""

    model_config = SettingsConfigDict(env_prefix="LECTERN_", extra="ignore")

    data: Path = Field(Path("lectern-data"), description="Folder of the embedded database, queue and storage.")
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the web server listens on.")

    database_url: str = Field("", description="SQLAlchemy URL; empty: SQLite in the data folder.")
    broker_url: str = Field("", description="Celery broker URL; empty: filesystem broker in the data folder.")
    broker_prefix: str = Field("lectern", pattern="^[A-Za-z0-9_-]{0,40}$",
                               description="Begins the queues' names in Redis and RabbitMQ, which may be shared.")
    database_pool: int = Field(5, ge=1, le=100,
                               description="Connections to PostgreSQL that a process keeps; it opens twice as many at most.")
    storage_url: str = Field("", description="Where objects lie; empty: the data folder. file:///FOLDER, or "
                             "s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION.")
    s3_access_key: SecretStr = Field(default_factory=lambda: SecretStr(""), description="Name of the object store's "
                                     "key; empty: looked for where Amazon's programs do (environment, ~/.aws, the "
                                     "machine's role).")
    s3_secret_key: SecretStr = Field(default_factory=lambda: SecretStr(""), description="The object store's key.")
    s3_public_endpoint: str = Field("", description="Address at which browsers reach the object store, when it is not "
                                    "the endpoint that this machine uses.")
    s3_browser_origins: str = Field("*", description="Pages that may upload straight to the object store "
                                    "(https://a.example, comma between several); an upload's address is its permission.")
    cache_bytes: int = Field(20 << 30, ge=0, description="Disk that local copies of remote sources may take.")

    delivery: str = Field("proxy", pattern="^(proxy|accel|redirect)$", description="How players get cells. proxy: from "
                          "the web process; accel: it tells the nginx before it where they are (X-Accel-Redirect); "
                          "redirect: from the object store, by an address that is valid for a while.")

    ffmpeg: str = Field("", description="Path of ffmpeg; empty: the system's when new enough, else the packaged one.")
    ffprobe: str = Field("", description="Path of ffprobe; empty: the one beside ffmpeg.")
    sandbox: str = Field("auto", description="auto: bubblewrap where it works; off: limits only.",
                         pattern="^(auto|off)$")

    fill_codecs: str = Field("h264,av1", pattern=f"^({_CODECS})?$", description="Codecs of which every segment is "
                             "rendered in the background (h264, av1, vp9); the others when somebody asks. An "
                             "organization or a video may say otherwise.")
    normalize_loudness: bool = Field(False, description="Bring the sound of every video to -16 LUFS. It begins as it "
                                     "is, and is replaced once its loudness is measured.")
    transcribe: bool = Field(True, description="Recognize the speech of every video, for captions and transcripts.")
    speech_model: str = Field("", description="A model of faster-whisper: a folder, or a name (large-v3 with a GPU, small "
                              "on many cores), which is downloaded once; empty: the one that came by package.")

    translate_to_english: bool = Field(False, description="Have the speech model translate what is said in another language "
                                       "into English subtitles, marked as a machine's. A video may say otherwise.")
    speech_slide_words: bool = Field(False, description="Expect rare words of the slides in what is said, where slides were "
                                     "read before.")
    embedding_model: str = Field("", description="A folder with a sentence model (model.onnx, tokenizer.json), which search "
                                 "finds by meaning with; empty: the one that came by package (English); none: search by "
                                 "words alone.")
    embedding_languages: str = Field("", pattern="^([a-z]{2,3}(,[a-z]{2,3})*)?$", description="Languages that the sentence "
                                     "model of a folder knows (en,de); empty: all.")

    hls_codecs: str = Field("h264,av1", pattern=f"^{_CODECS}$", description="Codecs that HLS playlists list. Apple's "
                            "rules know no VP9; DASH manifests list all three.")

    jit_workers: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, le=256,
                             json_schema_extra={"default": "cores, at least 2"},
                             description="Cells rendered at once for waiting viewers, on this machine.")
    media_workers: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2), ge=1, le=256,
                               json_schema_extra={"default": "half the cores"},
                               description="Background spans rendered at once, on this machine.")
    light_workers: int = Field(2, ge=1, le=64, description="Small steps (import, poster) run at once, on this machine.")
    speech_workers: int = Field(1, ge=0, le=64, description="Spans of speech recognized at once, on this machine; each "
                                "takes up to 8 cores, and a gigabyte.")
    media_in_flight: int = Field(64, ge=1, description="Background spans offered to all workers at once.")

    lease_s: float = Field(20.0, gt=0, description="A step whose worker is silent for this long is run again.")
    sweep_s: float = Field(2.0, gt=0, description="How often lost work is looked for.")
    max_attempts: int = Field(5, ge=1, description="Times a step is started before it is called failed.")
    cell_wait_s: float = Field(25.0, gt=0, description="Longest a player's request waits for a cell being rendered.")

    live: bool = Field(True, description="Take live streams, where nginx with its module for RTMP, or tstrans for SRT, is "
                       "installed.")
    live_host: str = Field("", description="Address that RTMP and SRT listen on; empty: the web server's.")
    live_public_host: str = Field("", description="Name under which encoders reach it; empty: the one that the API is asked "
                                  "by.")
    rtmp_port: int = Field(1935, ge=0, le=65535, description="Port of RTMP (TCP); 0: one that is free.")
    srt_port: int = Field(8890, ge=0, le=65535, description="Port of SRT (UDP); 0: one that is free.")
    live_ingest: str = Field("embedded", pattern="^(embedded|mediamtx)$", description="What takes publishers. embedded: "
                             "nginx and tstrans, on this machine; mediamtx: a MediaMTX, which asks the live process.")
    mediamtx_host: str = Field("mediamtx", description="Where the live process plays from MediaMTX, by RTMP.")
    mediamtx_api: str = Field("http://mediamtx:9997", description="Address of MediaMTX's API.")
    mediamtx_secret: SecretStr = Field(default_factory=lambda: SecretStr(""), description="Part of MediaMTX's "
                                       "authHTTPAddress: http://LIVE:PORT/mediamtx/SECRET/auth.")
    live_sessions: int = Field(default_factory=lambda: max(2, 2 * (os.cpu_count() or 2)), ge=1, le=1000,
                               json_schema_extra={"default": "twice the cores"},
                               description="Live streams at once, on this machine; further publishers are refused.")
    live_captions: str = Field("auto", pattern="^(auto|true|false)$", description="Caption live streams while they run, "
                               "some seconds behind the speaker. auto: where speech is recognized at all "
                               "(LECTERN_TRANSCRIBE) and the machine has half a core to spare when the stream begins.")
    live_slides: bool = Field(True, description="Look for slides in live streams while they run, some seconds behind.")
    live_port: int = Field(0, ge=0, le=65535, description="Port on which the live process answers the web processes; 0: one "
                           "that is free.")

    rollup_s: float = Field(1.0, gt=0, description="How often events of viewers are counted.")
    events_kept_days: int = Field(90, ge=1, le=400, description="Events of viewers are deleted after this; what they were "
                                  "counted into stays.")
    events_export_s: float = Field(600.0, ge=0, description="How often counted events go on into Parquet files in the "
                                   "storage; 0: never. The files are kept as long as the events.")
    prediction_s: float = Field(3600.0, ge=0, description="How often predictions of where learners leave are learned anew "
                                "from what was watched; 0: never.")
    analytics_k: int = Field(5, ge=1, description="Nothing is shown of what fewer learners than this have watched.")
    count_robots: bool = Field(False, description="Count what browsers without a screen, and robots that say so, watch: for "
                               "tests.")

    max_upload_bytes: int = Field(64 << 30, gt=0, description="Largest accepted source.")
    upload_expires_s: int = Field(7 * 86400, gt=0, description="An unfinished upload is forgotten after this.")
    reserve_bytes: int = Field(1 << 30, ge=0, description="Uploads are refused when less disk than this would be left.")
    max_pixels: int = Field(8192 * 4320, gt=0, description="Largest frame (width x height) that is decoded.")
    max_duration_s: int = Field(24 * 3600, gt=0, description="Longest accepted source.")

    import_private_addresses: bool = Field(
        False, description="Let URL import reach private and loopback addresses (only for a trusted network).")

    def environment(self) -> dict[str, str]:
        """The variables that make another process's settings equal to these, secrets in plain text."""
        return {f"LECTERN_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                for name, value in self.model_dump().items()}
