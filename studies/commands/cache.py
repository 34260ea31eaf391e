"""``chronaxie cache``: what compiled code takes on disk."""

from __future__ import annotations

import json
from datetime import datetime


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
    cache.add_argument("--json", action="store_true", help="print JSON")
    cache.set_defaults(command=_cache, after_interrupt="; what is left is whole")


def _cache(given):
    from ...models.cache import cache_root, clear, entries, size_limit

    freed = clear() if given.clear else None
    found, limit = entries(), size_limit()
    total = sum(size for _, _, size, _ in found)
    if given.json:
        listed = [
            {"kind": kind, "folder": str(folder), "bytes": size, "used": _date(used)}
            for kind, folder, size, used in found
        ]
        content = {"folder": str(cache_root()), "bytes": total, "limit": limit, "entries": listed}
        print(json.dumps(content | ({} if freed is None else {"freed": freed}), indent=2))
        return 0
    if freed is not None:
        print(f"freed {_megabytes(freed)} in {cache_root()}")
        return 0
    for kind, folder, size, used in found:
        print(f"{kind:10}  {folder.name[:12]}  {_megabytes(size):>9}  used {_date(used)}")
    print(
        f"{len(found)} of compiled code, {_megabytes(total)} of at most {_megabytes(limit)}, in {cache_root()}"
    )
    return 0


def _date(seconds):
    return datetime.fromtimestamp(seconds).isoformat(sep=" ", timespec="minutes")


def _megabytes(size):
    return f"{size / 2**20:.1f} MB"
