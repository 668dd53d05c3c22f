"""The command line. Known errors print one sentence and the way out; exit codes are those of sysexits.h.

    0 done   1 failed   64 wrong usage   65 not a video   66 no such thing   69 not now   74 disk full
    77 not allowed   78 the installation is wrong   130 stopped by Ctrl-C
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from infra.core.errors import ConfigError, LecternError, NotFound, Rejected
from infra.core.settings import Settings
from infra.runtime.trim_option import Part, part, refused

app = typer.Typer(name="lectern", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Teaching by video: adaptive streaming, on demand, from the second a lecture is uploaded.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys of this installation.")
app.add_typer(keys_app, name="keys")
analytics_app = typer.Typer(no_args_is_help=True, help="What viewers did.")
app.add_typer(analytics_app, name="analytics")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[Path | None, typer.Option("--data", help="Folder of database, queue and storage.")]
Server = Annotated[str, typer.Option("--server", envvar="LECTERN_SERVER", help="The running Lectern.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for programs.")]
Trim = Annotated[Part | None, typer.Option("--trim", parser=part, metavar="START-END", help=(
    "Only this part, to the frame: 5:00-55:00.5, in seconds 300-3300.5, or 5:00- for all that follows."))]
HERE = "http://127.0.0.1:8080"


@app.command()
def demo(data: Data = None, host: str = "127.0.0.1", port: int = 8080,
         browser: Annotated[bool, typer.Option(help="Open the watch page in a browser.")] = True) -> None:
    """Process the sample lecture and serve it on http://127.0.0.1:8080; Ctrl-C ends it."""
    from infra.runtime.demo import run

    raise typer.Exit(run(_settings(data, host, port), out, open_browser=browser))


@app.command()
def up(data: Data = None,
       host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
       port: Annotated[int | None, typer.Option(help="Port to listen on; 0 chooses one.")] = None) -> None:
    """Start web and workers on this machine; Ctrl-C ends them."""
    from infra.runtime.serve import serve

    raise typer.Exit(serve(_settings(data, host or None, port), out))


@app.command()
def add(source: Annotated[str, typer.Argument(metavar="FILE|URL")],
        title: Annotated[str | None, typer.Option(help="Default: the file's name.")] = None,
        server: Server = HERE, data: Data = None,
        wait: Annotated[bool, typer.Option(help="Follow it until everything is rendered.")] = True,
        as_json: AsJson = False) -> None:
    """Upload to the running service, follow it, print the watch URL."""
    from infra.runtime.follow import add_and_follow

    client = _client(server, data)
    video = add_and_follow(client, source, title, err if as_json else out, wait=wait)
    if as_json:
        print(json.dumps(video))
    if video["status"] == "failed":
        raise typer.Exit(1)


@app.command()
def process(file: Annotated[Path, typer.Argument(metavar="FILE", readable=False)],
            folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
            title: str | None = None, trim: Trim = None, as_json: AsJson = False) -> None:
    """Render a file into a folder that any web server can serve. Needs no service."""
    from infra.process import ProcessRunner
    from infra.runtime import offline
    from infra.runtime.follow import bar
    from infra.tools import find_tools
    from player_api.catalogue import default_title

    settings = Settings()
    runner = ProcessRunner(settings)
    tools = find_tools(settings, runner)
    with bar(err) as progress:
        task = progress.add_task("processing", total=1.0)
        try:
            done = offline.process(file, folder, title or default_title(file.name), settings, tools, runner,
                                   lambda fraction: progress.update(task, completed=fraction), trim)
        except Rejected as error:
            raise refused(error) from None
    summary: dict[str, Any] = {
        "folder": str(done.folder), "playlist": str(done.folder / "master.m3u8"), "wall_s": round(done.wall_s, 2),
        "duration_s": round(float(done.plan.duration_s), 3), "size_bytes": done.size_bytes,
        "segments": done.plan.segments, "renditions": [r.name for r in done.plan.renditions],
        "warnings": list(done.plan.warnings),
        "captions": done.spoken.language if done.spoken else None,
        "no_captions": done.spoken.reason if done.spoken else None,
        "loudness": {name: measured.model_dump() for name, measured in done.loudness.items()},
    }
    if as_json:
        print(json.dumps(summary))
        return
    out.print(f"{float(done.plan.duration_s):.1f} s of video in {done.wall_s:.1f} s: "
              f"{', '.join(summary['renditions'])}; {done.size_bytes / 1e6:.1f} MB in {done.folder}")
    if done.spoken:
        from infra.core.languages import own_name

        out.print(f"captions: {done.spoken.reason or own_name(done.spoken.language or 'und')}", markup=False)
    out.print(f"Watch it: python3 -m http.server -d {done.folder} 8000, then http://127.0.0.1:8000/")


@app.command()
def plan(file: Annotated[Path, typer.Argument(metavar="FILE", readable=False)],
         segment: Annotated[int, typer.Option(help="Segment whose commands are printed.")] = 0, trim: Trim = None,
         as_json: AsJson = False) -> None:
    """Print what would be rendered, and the commands of one segment, ready for a shell. Renders nothing."""
    from infra.process import ProcessRunner
    from infra.runtime.offline import examine
    from infra.tools import find_tools
    from transcode import cells

    settings = Settings()
    runner = ProcessRunner(settings)
    tools = find_tools(settings, runner)
    try:
        _, found = examine(file, settings, tools, runner, trim)
    except Rejected as error:
        raise refused(error) from None
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    if not 0 <= segment < found.segments:
        raise NotFound("segment_not_found", f"The segments are numbered 0 to {found.segments - 1}.")
    unit = "frames" if found.video else "packets"
    out.print(f"plan {found.id}: {float(found.duration_s):.3f} s, {found.frame_rate} {unit}/s, "
              f"{found.boundaries[-1]} {unit} in {found.segments} segments")
    for video in found.video:
        how = "copied from the source" if video.copied else f"crf {video.crf}, {video.preset}"
        out.print(f"  {video.name:12} {video.width_px}x{video.height_px}  {video.codecs}  at most "
                  f"{video.max_bps / 1000:.0f} kbit/s, {how}")
    for track in found.audio:
        how = "copied from the source" if track.copy_nth is not None else f"{track.bit_rate_bps} bit/s"
        out.print(f"  {track.name:12} {track.sample_rate_hz} Hz, {track.channels} channels, {how}, {track.label}",
                  markup=False)
    if found.screen:
        out.print("  a screen: it hardly moves, so it is encoded slower and finer, in no size that saves nothing")
    if found.source_fit:
        out.print(f"  source fit: {found.source_fit.code}. {found.source_fit.sentence}", markup=False)
    for warning in found.warnings:
        out.print(f"  warning: {warning}")
    work = Path()
    for codec in found.codecs:
        wanted = [cells.Cell(video, segment, video.capped) for video in found.of_codec(codec) if video.copied is None]
        if wanted:
            print("\n" + cells.video_command(tools, found, file, wanted, work, max_pixels=settings.max_pixels).shell())
    for track in found.audio:
        if track.copy_nth is None:
            print("\n" + cells.audio_command(tools, found, track, file, segment, work,
                                             max_pixels=settings.max_pixels).shell())


@app.command()
def status(server: Server = HERE, data: Data = None, as_json: AsJson = False) -> None:
    """List the videos of the running service and how far they are."""
    videos = list(_client(server, data).videos())
    if as_json:
        print(json.dumps(videos))
        return
    for video in videos:
        share = "" if video["status"] == "ready" else f" {video['progress']:.0%}"
        playable = f"{server}{video['watch_url']}" if video["playable"] else ""
        out.print(f"{video['id']}  {video['status'] + share:16} {video['title'][:40]:40} {playable}", markup=False)
        if video["source"]["fit"]:
            out.print(f"    source: {video['source']['fit']['message']}", markup=False)
        if video["error"]:
            out.print(f"    {video['error']['step']}: {video['error']['message']}", markup=False)
    if not videos:
        out.print("No videos yet: lectern add FILE")


@app.command()
def retry(video: Annotated[str, typer.Argument(metavar="VIDEO")],
          step: Annotated[str | None, typer.Argument(metavar="[STEP]")] = None,
          server: Server = HERE, data: Data = None) -> None:
    """Run the failed steps of a video again, or one of them."""
    found = _client(server, data).retry(video, step)
    out.print(f"{found['title']}: {found['status']}", markup=False)


@app.command()
def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Say what was found on this machine, what is missing, and the exact fix."""
    from infra.runtime.enrich_checks import enrich_checks
    from infra.runtime.event_checks import event_checks
    from infra.runtime.live_checks import live_checks
    from infra.runtime.server_checks import server_checks
    from infra.runtime.storage_checks import storage_checks
    from infra.tools import checks

    settings = _settings(data)
    found = [*checks(settings), *enrich_checks(settings), *event_checks(settings), *live_checks(settings),
             *server_checks(settings), *storage_checks(settings)]
    if as_json:
        print(json.dumps([check._asdict() for check in found]))
    else:
        for check in found:
            sign = "[green]ok[/]     " if check.ok else "[red]missing[/]"
            out.print(f"{sign} {check.name:12} ", end="")
            out.print(check.found, markup=False)
            if not check.ok or check.fix:
                out.print(f"        {check.fix}", markup=False)
    if not all(check.ok for check in found):
        raise typer.Exit(ConfigError.exit_code)


@app.command("migrate-storage")
def migrate_storage(
    target: Annotated[str, typer.Argument(metavar="TARGET_URL", help="file:///FOLDER or s3://BUCKET/PREFIX?endpoint=...")],
    data: Data = None,
    access_key: Annotated[str, typer.Option(envvar="LECTERN_TARGET_S3_ACCESS_KEY",
                                            help="The target's key, if it differs.")] = "",
    secret_key: Annotated[str, typer.Option(envvar="LECTERN_TARGET_S3_SECRET_KEY", show_default=False)] = "",
) -> None:
    """Copy every object to another storage, and compare it there. Lectern must not run."""
    from infra.runtime.follow import bar
    from infra.runtime.migrate_storage import migrate

    with bar(err) as progress:
        task = progress.add_task("copying", total=1.0)
        done = migrate(_settings(data), target,
                       lambda seen, of, copied: progress.update(task, completed=seen / max(of, 1)),
                       access_key=access_key, secret_key=secret_key)
    out.print(f"{done.objects} objects are in the target, {done.copied} of them copied now "
              f"({done.copied_bytes / 1e6:.1f} MB). Nothing was deleted here.")
    out.print(f"Now set LECTERN_STORAGE_URL={target}" + (" and its keys" if access_key else ""), markup=False)


@app.command("migrate-db")
def migrate_db(
    target: Annotated[str, typer.Argument(metavar="TARGET_URL", envvar="LECTERN_MIGRATE_TO",
                                          help="An empty database: postgresql://USER:PASSWORD@HOST:5432/NAME. In the "
                                               "environment it is not seen by who lists processes.")],
    data: Data = None, as_json: AsJson = False,
) -> None:
    """Copy the database, all of it or nothing, into another one. Stop Lectern first."""
    from infra.runtime.follow import bar
    from infra.runtime.migrate_db import migrate_db as migrate
    from infra.runtime.migrate_db import without_password

    with bar(err) as progress:
        task = progress.add_task("copying", total=1.0)
        copied = migrate(_settings(data), target, lambda name, done, total: progress.update(
            task, description=name, completed=done / total))
    if as_json:
        print(json.dumps([{"table": each.table, "rows": each.rows, "sha256": each.sha256} for each in copied]))
        return
    for each in copied:
        out.print(f"{each.table:20} {each.rows:8} rows  {each.sha256[:16]}", markup=False)
    out.print(f"Copied and compared. Set LECTERN_DATABASE_URL to {without_password(target)} (with its password) for "
              "every process, then start Lectern. The old database was left as it was.", markup=False)


@app.command()
def sql(query: Annotated[str, typer.Argument(help="In ClickHouse's SQL, of the table `events`: SELECT kind, count() FROM "
                                             "events WHERE day >= today() - 7 GROUP BY kind")],
        data: Data = None,
        how: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
        organization: Annotated[str, typer.Option(help="Only this one's events; default: all.")] = "*",
        rows: Annotated[int, typer.Option(min=1, max=100_000_000, help="Print at most so many.")] = 10_000,
        seconds: Annotated[float, typer.Option(min=1, help="End a query that takes longer.")] = 60.0) -> None:
    """Ask the files of viewers' events (docs/metrics.md). Only reads; Lectern may run meanwhile."""
    from infra.runtime.event_sql import FORMATS, ask

    if how not in FORMATS:
        raise typer.BadParameter("table, csv or json", param_hint="--format")
    answer = ask(_settings(data), query, how, organization, rows, seconds)
    sys.stdout.write(answer.text)
    if answer.rows >= rows:
        err.print(f"Only {rows} rows were asked for; --rows gives more.", markup=False)


@analytics_app.command("rebuild")
def analytics_rebuild(video: Annotated[str | None, typer.Argument(help="A video's id; without it, all.")] = None,
                      data: Data = None) -> None:
    """Make counters anew of the events that they were made of. Lectern may run meanwhile."""
    from infra.runtime.analytics_commands import rebuild_all

    done, left = rebuild_all(_settings(data), video)
    out.print(f"{done} made anew.", markup=False)
    if left:
        out.print(f"{len(left)} left as they were, because some of their events are deleted: {', '.join(left[:20])}",
                  markup=False)


@keys_app.command("list")
def keys_list(data: Data = None) -> None:
    """Show the keys of this data folder (never their secrets)."""
    from infra.runtime import admin

    for line in admin.list_keys(_settings(data)):
        out.print(line, markup=False)


@keys_app.command("create")
def keys_create(
    name: str, data: Data = None,
    scope: Annotated[list[str] | None, typer.Option(help="creator, analyst, player or admin")] = None,
) -> None:
    """Make a key and print it, once."""
    from infra.runtime import admin

    print(admin.create_key(_settings(data), name, scope or ["creator"]))


@keys_app.command("revoke")
def keys_revoke(key_id: str, data: Data = None) -> None:
    """Make a key useless from now on."""
    from infra.runtime import admin

    admin.revoke_key(_settings(data), key_id)


def _settings(data: Path | None = None, host: str | None = None, port: int | None = None) -> Settings:
    """Settings of the environment, overridden by the flags that were given."""
    flags: dict[str, Any] = {"data": data, "host": host, "port": port}
    return Settings(**{name: value for name, value in flags.items() if value is not None})


def _client(server: str, data: Path | None) -> Any:
    from infra.runtime.client import Client, stored_key

    folder = _settings(data).data
    key = stored_key(folder)
    if key is None:
        raise ConfigError("no_key", f"There is no key in {folder}/admin.key. Give the service's data folder with "
                          "--data, or an API key in LECTERN_KEY.")
    return Client(server, key)


def main() -> int:
    """Run; the exit code."""
    logging.basicConfig(level=os.environ.get("LECTERN_LOG", "WARNING"), stream=sys.stderr,
                        format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        code = app(standalone_mode=False, prog_name="lectern")
        return int(code or 0)
    except typer.Exit as leaving:
        return leaving.exit_code
    except LecternError as error:
        err.print(f"lectern: {error.message}", style="red", markup=False)
        return error.exit_code
    except ValidationError as error:  # of the settings: the environment is the only thing it can come from
        fault = error.errors()[0]
        name = f"LECTERN_{'_'.join(map(str, fault['loc'])).upper()}"
        err.print(f"lectern: The setting {name} can not be used: {fault['msg']}.", style="red", markup=False)
        return ConfigError.exit_code
    except KeyboardInterrupt:
        err.print("stopped")
        return 130
    except typer.Abort:
        return 130
    except Exception as error:
        # Typer's own complaints about the command line know how to show themselves.
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()
            return 64
        if isinstance(error, OSError):
            err.print(f"lectern: {error.strerror or error}{f': {error.filename}' if error.filename else ''}",
                      style="red", markup=False)
            return 74
        raise


if __name__ == "__main__":
    sys.exit(main())
