#!/usr/bin/python3
"""What programs do with psycopg 3 and 2 (libpq): prints results that do not differ from run to run.

usage: postgres_drivers.py CONNECTION_STRING
"""

import sys

import psycopg
import psycopg2
import psycopg2.extras

TARGET = sys.argv[1]


def extended():
    """Prepared statements, binary results, portals, errors inside and outside of transactions."""
    with psycopg.connect(TARGET, autocommit=True, prepare_threshold=0) as connection:
        cursor = connection.cursor(binary=True)
        for n in range(200):
            cursor.execute("select %s::int + 1, %s::text, %s::bytea", (n, "ü" * n, bytes(range(n % 256))))
            row = cursor.fetchone()
            assert row == (n + 1, "ü" * n, bytes(range(n % 256))), row
        try:
            cursor.execute("select 1 / %s", (0,))
        except psycopg.errors.DivisionByZero as error:
            print("error", error.diag.sqlstate)
        with connection.transaction():
            try:
                with connection.transaction():
                    cursor.execute("select * from nowhere")
            except psycopg.errors.UndefinedTable as error:
                print("error", error.diag.sqlstate)
            print("savepoint", cursor.execute("select 'alive'").fetchone())
        with connection.transaction(), connection.cursor(name="big") as portal:
            portal.itersize = 1000
            portal.execute("select n from generate_series(1, 25000) n")
            print("cursor", sum(row[0] for row in portal))
        print("stream", sum(row[0] for row in cursor.stream("select n from generate_series(1, 5000) n")))


def pipelines():
    """libpq's pipeline mode: everything is sent before anything is read."""
    with psycopg.connect(TARGET, autocommit=True) as connection:
        connection.execute("create temp table t (n int primary key)")
        with connection.pipeline():
            cursors = [connection.execute("insert into t values (%s) returning n", (n,)) for n in range(2000)]
            print("pipeline", sum(cursor.fetchone()[0] for cursor in cursors))
        try:
            with connection.pipeline() as pipeline:
                connection.execute("insert into t values (5000)")
                connection.execute("insert into t values (1)")
                connection.execute("insert into t values (5001)")
                pipeline.sync()
        except psycopg.errors.UniqueViolation as error:
            print("error", error.diag.sqlstate)
        print("after it", connection.execute("select count(*) from t where n >= 5000").fetchone())


def copies():
    with psycopg.connect(TARGET) as connection, connection.cursor() as cursor:
        cursor.execute("create temp table t (n int, s text)")
        with cursor.copy("copy t from stdin") as copy:
            for n in range(50000):
                copy.write_row((n, "x" * (n % 100)))
        with cursor.copy("copy t to stdout (format binary)") as copy:
            print("copy", sum(len(data) for data in copy))
        try:
            with cursor.copy("copy t from stdin") as copy:
                copy.write("not a number\tx\n")
        except psycopg.errors.InvalidTextRepresentation as error:
            print("error", error.diag.sqlstate)


def notifications():
    with psycopg.connect(TARGET, autocommit=True) as one, psycopg.connect(TARGET, autocommit=True) as other:
        one.execute("listen news")
        for n in range(3):
            other.execute("select pg_notify('news', %s)", (str(n) * 1000,))
        got = one.notifies()
        print("notify", [next(got).payload[:2] for _ in range(3)])


def older_driver():
    connection = psycopg2.connect(TARGET)
    cursor = connection.cursor()
    cursor.execute("create temp table t (n int, s text)")
    psycopg2.extras.execute_values(cursor, "insert into t values %s", [(n, "ß" * n) for n in range(500)])
    connection.commit()
    portal = connection.cursor("named")
    portal.execute("select n, s from t order by n")
    print("cursor", sum(n + len(s) for n, s in portal))
    portal.close()
    large = connection.lobject(0, "wb")
    large.write(bytes(range(256)) * 4000)  # by function calls
    print("large object", len(connection.lobject(large.oid, "rb").read()))
    large.unlink()
    cursor.execute("do $$ begin raise notice 'hear'; end $$")
    print("notice", connection.notices[-1].strip())
    connection.rollback()
    connection.close()


for each in (extended, pipelines, copies, notifications, older_driver):
    print(each.__name__)
    each()
