"""`camerahub mask`: parts of a camera's picture that are not judged, or not to be seen either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camerahub.cli.pause import who
from camerahub.core.errors import EXIT_OK, ConfigError, EnvironmentFault
from camerahub.core.texts import text
from camerahub.services.clock import SystemClock

if TYPE_CHECKING:
    from camerahub.cli.context import Context
    from camerahub.core.masks import Grid

#: Largest image file taken, bytes, and its largest side, pixels.
MOST_BYTES, MOST_SIDE = 8 << 20, 8192


def rect_of(words: str) -> Grid:
    """The cells of ``x,y,w,h`` in percent. ConfigError when it is none within the picture."""
    from camerahub.core.masks import of_rect

    try:
        left, top, wide, tall = map(float, words.split(","))
        return of_rect(left, top, wide, tall)
    except ValueError:
        raise ConfigError("eyes.bad_rect", rect=words) from None


def image_of(path: Path) -> Grid:
    """The light cells of an image file. ConfigError when it is none, EnvironmentFault when it cannot be read."""
    import cv2
    import numpy as np

    from camerahub.core.masks import of_image

    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise EnvironmentFault("eyes.unreadable", file=path, problem=error.strerror or error) from None
    try:
        if not 0 < len(data) <= MOST_BYTES:
            raise ValueError
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if image is None or max(image.shape) > MOST_SIDE:
            raise ValueError
        return of_image(image.astype(np.uint8, copy=False))
    except (ValueError, cv2.error):
        raise ConfigError("eyes.bad_image", file=path) from None


def _wanted(file: Path | None, rects: tuple[str, ...]) -> bytes:
    from camerahub.core.masks import packed, unpacked

    grid = unpacked(b"")
    if file is not None:
        grid |= image_of(file)
    for words in rects:
        grid |= rect_of(words)
    return packed(grid)


def code_of(context: Context, word: str) -> str:
    """The code of the camera with this code or 键盘编号; ``word`` itself where there is none, to be told so later."""
    from camerahub.registry import queries

    store = context.open_store()
    try:
        return queries.camera_code(store.engine, word) or word
    finally:
        store.close()


def _show(context: Context, code: str, as_json: bool) -> None:
    from camerahub.core.masks import drawn, unpacked
    from camerahub.registry import eyes

    store = context.open_store()
    try:
        found = eyes.masks(store.engine, code)
    finally:
        store.close()
    ignored, private = (found.get(kind, b"") for kind in eyes.MASKS)
    shares = {kind: round(float(unpacked(found.get(kind, b"")).mean()), 4) for kind in eyes.MASKS}
    if as_json:
        click.echo(json.dumps({"code": code, **shares}))
        return
    click.echo("\n".join(drawn(ignored, private)))
    said = text("eyes.mask_shown", ignored=f"{shares['ignored']:.1%}", private=f"{shares['private']:.1%}")
    click.echo(f"{said.zh}\n{said.en}", err=True)


@click.command("mask")
@click.argument("code")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--rect", "rects", multiple=True, metavar="X,Y,W,H", help="百分比矩形. A rectangle, in percent."
)
@click.option("--only", is_flag=True, help="只判断这一部分. Judge this part only (region of interest).")
@click.option("--private", is_flag=True, help="隐私区: 也不留图. Never shown in evidence either.")
@click.option("--clear", is_flag=True, help="取消遮罩. No mask any more.")
@click.option("--by", "name", default="", help="何人. By whom.")
@click.option("--json", "as_json", is_flag=True, help="一个 JSON. One JSON object.")
@click.pass_context
def command(
    ctx: click.Context,
    code: str,
    file: Path | None,
    rects: tuple[str, ...],
    only: bool,
    private: bool,
    clear: bool,
    name: str,
    as_json: bool,
) -> int:
    """画面遮罩: 设定或查看. Set a mask (light parts of FILE, or rectangles), or show it: + not judged, # private."""
    from camerahub.core.masks import packed, unpacked

    context: Context = ctx.find_root().obj
    code = code_of(context, code)
    given = file is not None or bool(rects)
    if (given and clear) or (only and private) or (only and not given):
        raise ConfigError("eyes.mask_one")
    if not given and not clear:
        _show(context, code, as_json)
        return EXIT_OK
    mask = _wanted(file, rects)
    if only:
        mask = packed(~unpacked(mask))
    kind = "private" if private else "ignored"
    with context.writing_store() as store:
        changed = store.set_mask(code, kind, mask, name or who(), SystemClock().wall_us())
    said = text("eyes.mask_set" if changed else "eyes.mask_same", code=code)
    click.echo(f"{said.zh}\n{said.en}", err=True)
    _show(context, code, as_json)
    return EXIT_OK
