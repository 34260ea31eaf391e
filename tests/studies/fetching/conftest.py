"""A server on this machine that answers as it is told, and data sets whose files are on it."""

import hashlib
import socket
import struct
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chronaxie.studies.datasets import DATASETS, DataSet, ListedFiles, RemoteFile


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # the name that http.server calls
        self.server.requests.append(self.path)
        body, how = self.server.answers.get(self.path, (b"", "missing"))
        with suppress(OSError, ValueError):  # the client has gone, or the answer closed the connection
            if how == "missing":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(2 * len(body) if how == "too short" else len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if how in ("cut", "stalled") else body)
            self.wfile.flush()
            self.close_connection = True
            if how == "cut":
                # Closing with this option resets the connection: the reader gets an error, not an end.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            if how == "stalled":
                self.server.stalled.set()
                self.server.over.wait(30)

    def finish(self):
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    """`put` decides the answers, `requests` are the paths that were asked for, `address` is where it is."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = {}, []
        self.stalled, self.over = threading.Event(), threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def put(self, path, body=b"", how="whole"):
        """Answer a path with a body: whole, too short for its length, cut, stalled in the middle, or missing."""
        self.answers[path] = (body, how)


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def dataset(monkeypatch, server):
    """Function that registers a data set "set" of given files, or of a list of them."""

    def register(*, bases=("/",), **options):
        options = {
            "title": "t",
            "source": "s",
            "licence": "l",
            "tasks": "x",
            "checked": "c",
            "megabytes": None,
        } | options
        bases = tuple(server.address + base for base in bases)
        monkeypatch.setitem(DATASETS, "set", DataSet(name="set", bases=bases, **options))

    return register


@pytest.fixture
def one_file(dataset, server):
    body = bytes(range(256)) * 2000
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    dataset(files=(RemoteFile("a.bin", f"md5:{md5}", "set/a.bin"),))
    server.put("/a.bin", body)


@pytest.fixture
def database(dataset, server):
    """A database of three records as PhysioNet publishes one: its files, by name."""
    files = {"RECORDS": b"r1\nr2\nr3\n"}
    for record in ("r1", "r2", "r3"):
        for extension in ("hea", "dat"):
            files[f"data/{record}.{extension}"] = f"{record} {extension}".encode() * 1000
    files["data/r2.q1c"] = b"marks"
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    lines = [f"{sum_} {name}" for name, sum_ in (sums | {"data/r1.not_wanted": "0" * 64}).items()]
    files["SHA256SUMS.txt"] = "\n".join(lines).encode() + b"\n"
    known = {"data/r1.hea": f"sha256:{sums['data/r1.hea']}"}
    dataset(listed=ListedFiles(3, "data/", ("hea", "dat"), ("q1c",), known))
    for name, content in files.items():
        server.put(f"/{name}", content)
    return files


@pytest.fixture
def found():
    """Function that names everything below a folder, also what is hidden; folders end with a slash."""

    def names(folder):
        if not folder.exists():
            return set()
        return {f"{p.relative_to(folder)}{'/' if p.is_dir() else ''}" for p in folder.rglob("*")}

    return names


@pytest.fixture
def interrupt(monkeypatch):
    """Function after which the user presses Ctrl-C in the middle of one download."""
    import requests

    whole = requests.Response.iter_content

    def press(path):
        def chunks(self, chunk_size=1):
            for chunk in whole(self, chunk_size):
                yield chunk[: len(chunk) // 2]
                if self.url.endswith(path):
                    raise KeyboardInterrupt
                yield chunk[len(chunk) // 2 :]

        monkeypatch.setattr(requests.Response, "iter_content", chunks)

    return press
