"""``chronaxie cache``: what compiled code takes on disk."""

from __future__ import annotations

from datetime import datetime

from .answering import add_json, say


def add(commands):
    """Register the command."""
    cache = commands.add_parser(
        "cache",
        help="show or empty the cache of compiled code",
        description="Compiled networks are kept in the user's cache, so that other weights, time constants, inputs and "
        "durations run without compiling. Beyond the size in CHRONAXIE_CACHE_SIZE (such as 500M; 2G by default) those "
        "that were used least recently go.",
    )
    cache.add_argument("--clear", action="store_true", help="remove all of it; it is made again when needed")
    add_json(cache)
    cache.set_defaults(command=_cache, after_interrupt="; what is left is whole")


def _cache(given):
    from ...models.cache import cache_root, clear, entries, size_limit

    freed = clear() if given.clear else None
    found, limit = entries(), size_limit()
    total = sum(size for _, _, size, _ in found)
    listed = [
        {"kind": kind, "folder": folder, "bytes": size, "used": _date(used)}
        for kind, folder, size, used in found
    ]
    content = {"folder": cache_root(), "bytes": total, "limit": limit, "entries": listed}
    lines = [
        f"{kind:10}  {folder.name[:12]}  {_megabytes(size):>9}  used {_date(used)}"
        for kind, folder, size, used in found
    ]
    lines.append(
        f"{len(found)} of compiled code, {_megabytes(total)} of at most {_megabytes(limit)}, in {cache_root()}"
    )
    if freed is not None:
        content, lines = content | {"freed": freed}, [f"freed {_megabytes(freed)} in {cache_root()}"]
    say(given, "\n".join(lines), content)
    return 0


def _date(seconds):
    return datetime.fromtimestamp(seconds).isoformat(sep=" ", timespec="minutes")


def _megabytes(size):
    return f"{size / 2**20:.1f} MB"
