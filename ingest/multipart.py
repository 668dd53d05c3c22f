"""A whole upload in one form, for curl: the file goes to the staging area as it comes, never to /tmp.

    curl -F file=@lecture.mp4 -F title='Lecture 1' -H 'Authorization: Bearer KEY' URL

The text fields may stand before or after the file. Unlike tus it can not be resumed: a broken connection
leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from infra.core.errors import LecternError, Rejected, TooLarge
from ingest.errors import BadRequest, ConnectionSilent, WrongMediaType
from ingest.intake import Intake
from ingest.uploads import UploadRecord
from ingest.writers import End

FILE_FIELD = "file"
MOST_FIELDS = 32
FIELD_BYTES = 64 << 10  # of one text field
FRAME_BYTES = 4 << 20  # what the form may have around the file: all fields, boundaries, headers


async def receive_form(request: Request, intake: Intake, organization_id: str) -> UploadRecord:
    """The finished upload with its video; the form's text fields are its `metadata`, with `filename`.

    Raises WrongMediaType, BadRequest, TooLarge, OutOfSpace, Rejected (`file_missing`, `empty_file` and what
    the admission refuses), ConnectionSilent, and what the admission raises for "not now". Except for a
    refused file, nothing is left behind.
    """
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise WrongMediaType("wrong_content_type", "Send the form as multipart/form-data.")
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > intake.settings.max_upload_bytes + FRAME_BYTES:
        raise TooLarge("too_large", f"The limit is {intake.settings.max_upload_bytes} bytes.")
    form = _Form(boundary)
    upload = await intake.create(organization_id, None, {})
    async with intake.writers.hold(upload.id) as writer:
        try:
            size = await intake.receive(upload, writer, form.file_bytes(request.stream()), 0)
            if writer.end is not End.COMPLETE:
                raise ConnectionSilent("connection_lost", "The connection broke off; send the form again.")
            if not form.complete:
                raise BadRequest("bad_form", "The form ends in the middle: its last boundary is missing.")
            if not form.has_file:
                raise Rejected("file_missing", f"The form has no file in the field {FILE_FIELD!r}.")
            intake.check_length(size)
        except LecternError:
            await intake.terminate(upload)
            raise
        try:
            return await intake.complete(replace(upload, length_bytes=size, metadata=form.fields))
        except Rejected:
            raise  # the upload's row keeps the reason
        except LecternError:
            await intake.terminate(upload)
            raise


class _Form:
    """The parser's state: text fields are kept, the file's bytes are passed on."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.complete = False
        self.has_file = False
        self._name = ""
        self._is_file = False
        self._text = bytearray()
        self._header = bytearray()
        self._value = bytearray()
        self._disposition: bytes | None = None
        self._file_chunks: list[bytes] = []
        self._parser = MultipartParser(boundary, {
            "on_part_begin": self._part_begin, "on_part_data": self._part_data, "on_part_end": self._part_end,
            "on_header_field": self._header_field, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_headers_finished": self._headers_finished,
            "on_end": self._end})

    async def file_bytes(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The bytes of the file, while the rest of the body is parsed on the way. Raises BadRequest, TooLarge."""
        async for chunk in stream:
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise BadRequest("bad_form", f"The form can not be read: {error}.") from error
            for piece in self._file_chunks:
                yield piece
            self._file_chunks.clear()

    def _part_begin(self) -> None:
        self._disposition = None
        self._text.clear()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = _text(options.get(b"name", b""))
        if not self._name:
            raise BadRequest("bad_form", "A part of the form has no name.")
        self._is_file = self._name == FILE_FIELD
        if self._is_file:
            if self.has_file:
                raise BadRequest("bad_form", "The form has more than one file: send one form per video.")
            self.has_file = True
            self.fields["filename"] = _text(options.get(b"filename", b""))
        elif self._name in self.fields or len(self.fields) >= MOST_FIELDS:
            raise BadRequest("bad_form", f"The field {self._name[:100]!r} is there twice, or there are more than "
                                         f"{MOST_FIELDS} fields.")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._file_chunks.append(data[start:end])
        elif len(self._text) + end - start > FIELD_BYTES:
            raise TooLarge("field_too_large", f"The field {self._name[:100]!r} is longer than {FIELD_BYTES} bytes.")
        else:
            self._text += data[start:end]

    def _part_end(self) -> None:
        if not self._is_file:
            self.fields[self._name] = _text(bytes(self._text))

    def _end(self) -> None:
        self.complete = True


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("bad_form", "The form's text is not UTF-8.") from error
    if "\0" in text:
        raise BadRequest("bad_form", "The form's text holds a NUL character.")
    return text
