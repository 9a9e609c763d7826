#!/usr/bin/python3
"""Speaks the PostgreSQL protocol byte by byte and prints what the server answers, without what differs from run to run.

usage: postgres_wire.py HOST PORT USER   (HOST that begins with '/' is a socket folder; no password is given)
postgres_wire.sh runs it past hoop and through hoop, and compares.
"""

import hashlib
import socket
import struct
import sys

HOST, PORT, USER = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def connect():
    if HOST.startswith("/"):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(f"{HOST}/.s.PGSQL.{PORT}")
    else:
        peer = socket.create_connection((HOST, PORT))
    peer.settimeout(60)
    return peer


def text(value):
    return value.encode() + b"\0"


def message(kind, body=b""):
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def query(sql):
    return message("Q", text(sql))


def parse(name, sql, types=()):
    return message("P", text(name) + text(sql) + struct.pack("!H", len(types)) + b"".join(struct.pack("!I", t) for t in types))


def bind(portal, name, values=()):
    body = text(portal) + text(name) + struct.pack("!HH", 0, len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!I", len(value)) + value
    return message("B", body + struct.pack("!H", 0))


def describe(what, name):
    return message("D", what.encode() + text(name))


def execute(portal, rows=0):
    return message("E", text(portal) + struct.pack("!I", rows))


def close(what, name):
    return message("C", what.encode() + text(name))


def run(sql, values=()):
    return parse("", sql) + bind("", "", values) + execute("")


SYNC, FLUSH, COPY_DONE, TERMINATE = message("S"), message("H"), message("c"), message("X")


class Connection:
    def __init__(self, version=(3, 0), quiet=True, database="postgres", **more):
        self.peer, self.key = connect(), None
        self.reader = self.peer.makefile("rb", buffering=1 << 20)
        startup = {"user": USER, "database": database, "application_name": "wire", **more}
        body = struct.pack("!HH", *version) + b"".join(text(k) + text(v) for k, v in startup.items()) + b"\0"
        self.send(struct.pack("!I", len(body) + 4) + body)
        self.until("Z", show=not quiet)

    def send(self, data):
        self.peer.sendall(data)

    def read(self, size):
        taken = self.reader.read(size)
        if len(taken) < size:
            raise EOFError
        return taken

    def next(self):
        head = self.read(5)
        kind, body = chr(head[0]), self.read(struct.unpack("!I", head[1:])[0] - 4)
        if kind == "K":
            self.key = body
        return kind, body

    def until(self, last, show=True, hide=""):
        """Prints messages up to one of the kind `last`, or the end."""
        try:
            while True:
                kind, body = self.next()
                if show and kind not in hide:
                    print(" ", kind, readable(kind, body))
                if kind == last:
                    return
        except EOFError:
            print("  the server has ended")
        except OSError as error:
            print("  the connection broke:", type(error).__name__)

    def ask(self, data, last="Z", hide=""):
        self.send(data)
        self.until(last, hide=hide)


def readable(kind, body):
    if kind == "K":
        return f"{len(body)} bytes"
    if kind == "A":
        body = body[4:]  # without the process id
    if kind in "EN":
        fields = dict((field[:1].decode(), field[1:].decode()) for field in body.split(b"\0") if field)
        return f"{fields['V']} {fields['C']} {fields['M']}"
    if len(body) > 200:
        return f"{len(body)} bytes, {hashlib.md5(body).hexdigest()}"
    return repr(body)


def cancel(key):
    """A CancelRequest on a connection of its own; returns when the server has closed that."""
    peer = connect()
    peer.sendall(struct.pack("!II", 8 + len(key), 80877102) + key)
    answer = peer.recv(1)
    print("  cancel answered by", answer)


def scenario(function):
    print(function.__name__)
    function()


def login():
    Connection(quiet=False)


def login_with_a_newer_protocol():
    Connection(version=(3, 2), quiet=False, **{"_pq_.unknown": "1", "options": "-c work_mem=8MB"})


def login_at_an_unknown_database():
    Connection(quiet=False, database="nowhere")


def simple_queries():
    c = Connection()
    c.ask(query("select 1; select 'two', null; select 1/0; select 'never'"))
    c.ask(query(""))
    c.ask(query("set application_name = 'renamed'"))
    c.ask(query("do $$ begin raise notice 'listen'; raise warning 'careful'; end $$"))
    c.ask(query("begin; select 1/0"))
    c.ask(query("select 'in a failed transaction'"))
    c.ask(query("rollback"))


def pipelines():
    c = Connection()
    c.ask(b"".join(run("select $1::int * 2", [str(n).encode()]) for n in range(50)) + SYNC)
    c.ask(run("select 1") + run("select 1/0") + run("select 3") + query("select 'skipped'") + SYNC + run("select 4") + SYNC)
    c.until("Z")
    c.send(parse("named", "select $1, $2 || '!'", [23]) + describe("S", "named") + FLUSH)
    c.until("T")
    c.ask(bind("", "named", [b"1", b"two"]) + describe("P", "") + execute("") + SYNC)
    c.ask(close("S", "named") + close("S", "never there") + SYNC)
    c.ask(run("create temp table d (n int unique deferrable initially deferred)") + SYNC)
    c.ask(run("insert into d values (1), (1)") + SYNC)  # fails at the commit


def portals():
    c = Connection()
    c.ask(query("begin"))
    c.ask(parse("", "select n from generate_series(1, 5) n") + bind("p", "") + execute("p", 2) + SYNC)
    c.ask(execute("p", 2) + execute("p", 2) + execute("p", 2) + SYNC)
    c.ask(close("P", "p") + execute("p") + SYNC)
    c.ask(query("rollback"))


def errors_in_every_state():
    c = Connection()
    c.ask(parse("", "selec 1") + bind("", "") + execute("") + SYNC)
    c.ask(parse("", "select $1::int") + bind("", "", [b"x"]) + execute("") + SYNC)
    c.ask(describe("S", "no such statement") + SYNC)
    c.ask(bind("", "no such statement") + SYNC)
    c.ask(execute("no such portal") + SYNC)
    c.ask(run("select 'fine'") + SYNC)


def copies():
    c = Connection()
    c.ask(query("create temp table t (n int)"))
    c.ask(query("copy t from stdin") + message("d", b"1\n2\n") + message("d", b"3\n") + COPY_DONE)
    c.ask(query("copy t from stdin") + message("d", b"4\n") + message("f", text("no more")))
    c.ask(query("copy t from stdin") + message("d", b"no number\n") + COPY_DONE)
    c.ask(run("copy t from stdin") + SYNC + message("d", b"5\n") + COPY_DONE + SYNC)
    c.ask(query("copy t to stdout"))
    c.ask(query("copy (select 1 / (3 - n) from t order by n) to stdout"))
    c.ask(run("copy t to stdout") + run("select 'behind it'") + SYNC)
    c.ask(query("select count(*) from t"))


def function_call():
    c = Connection()
    abs_of_int4 = 1397
    c.ask(message("F", struct.pack("!IHHI", abs_of_int4, 0, 1, 2) + b"-7" + struct.pack("!H", 0)))
    c.ask(message("F", struct.pack("!IHHI", abs_of_int4, 0, 1, 1) + b"x" + struct.pack("!H", 0)))


def notifications():
    listener, other = Connection(), Connection()
    listener.ask(query("listen news"))
    listener.ask(query("notify news, 'own'"))
    other.ask(query("notify news, 'while it sleeps'"))
    listener.until("A")
    listener.ask(query("begin; select 1"))
    other.ask(query("notify news, 'in its transaction'"))
    listener.ask(query("commit"), last="A")


def cancels():
    one, other = Connection(), Connection()
    cancel(one.key[:4] + bytes(255 - byte for byte in one.key[4:]))
    one.ask(query("select 'a wrong key does nothing'"))
    one.send(query("select pg_sleep(60)"))
    while True:  # until it sleeps: a cancel that comes earlier would be for nothing
        other.send(query("select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'"))
        rows = []
        while (got := other.next())[0] != "Z":
            rows.append(got)
        if rows[1][1].endswith(b"1"):
            break
    cancel(one.key)
    one.until("Z")
    one.ask(query("select 'goes on'"))
    other.ask(query("select 'was never meant'"))


def replication():
    c = Connection(replication="true")
    c.ask(query("SHOW wal_level"))
    c.send(query("IDENTIFY_SYSTEM"))
    position = ""
    while (got := c.next())[0] != "Z":
        if got[0] == "D":
            fields, body = [], got[1][2:]
            while body:
                size = struct.unpack("!i", body[:4])[0]
                fields.append(body[4 : 4 + max(size, 0)].decode())
                body = body[4 + max(size, 0) :]
            position = fields[2]
    c.ask(query(f"START_REPLICATION PHYSICAL {position}"), last="W")
    status = message("d", b"r" + struct.pack("!QQQQB", 0, 0, 0, 0, 1))
    c.ask(status + COPY_DONE, hide="d")
    c.ask(query("BAD REPLICATION COMMAND"))


def endings():
    c = Connection()
    c.ask(query("select pg_terminate_backend(pg_backend_pid())"), last="")
    c = Connection()
    c.ask(message("!"), last="")
    c = Connection()
    c.ask(TERMINATE, last="")


def big_messages():
    c = Connection()
    c.ask(query("set log_statement = 'none'"))
    c.ask(run("select length($1), md5($1)", [b"x" * 20_000_000]) + SYNC)
    c.ask(query("select repeat('y', 40000000)"))


for each in (login, login_with_a_newer_protocol, login_at_an_unknown_database, simple_queries, pipelines, portals,
             errors_in_every_state, copies, function_call, notifications, cancels, replication, endings, big_messages):
    scenario(each)
