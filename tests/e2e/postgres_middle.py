#!/usr/bin/python3
"""Sits between a PostgreSQL client and its server, with TLS on both sides and a certificate of its own.

usage: postgres_middle.py PORT SERVER_PORT CERTIFICATE KEY
"""

import socket
import ssl
import struct
import sys
import threading

PORT, SERVER_PORT, CERTIFICATE, KEY = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
SSL_REQUEST = struct.pack("!II", 8, 80877103)


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def serve(client):
    if client.recv(8) != SSL_REQUEST:
        return client.close()  # the agent only looks whether somebody listens
    client.sendall(b"S")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    client = context.wrap_socket(client, server_side=True)

    server = socket.create_connection(("127.0.0.1", SERVER_PORT))
    server.sendall(SSL_REQUEST)
    assert server.recv(1) == b"S"
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    server = anybody.wrap_socket(server)
    threading.Thread(target=copy, args=(server, client), daemon=True).start()
    copy(client, server)


listener = socket.create_server(("127.0.0.1", PORT))
print("listening", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
