#!/usr/bin/python3
"""A mail server for tests: aiosmtpd with STARTTLS, AUTH and faults by recipient.

    smtp.py DIR [--tls starttls|tls|none] [--user USER --password PASSWORD] [--raw MODE] [--port PORT]

Prints "port N" once it listens on 127.0.0.1, ends when its standard input does. DIR gets ca.pem (the server's
certificate, for localhost and 127.0.0.1), each message that was taken as "MESSAGE-ID.N" (LF lines) with its envelope
as ".MESSAGE-ID.N.json", and `sessions`, a line a connection.

    recipient           what happens            sender              what happens
    451@ 550@ 421@ …    that answer to RCPT     from550@ …          that answer to MAIL
    data452@ data554@   that answer to DATA
    drop@ datadrop@     the connection breaks
    stall@ datastall@   nothing ever comes

"slow@" fails once with 451 and works afterwards. A line "close" on standard input closes all connections; "closed" is
printed then. --raw answers every connection otherwise: a greeting such as 554, "silent", or "drop".
"""

import argparse
import asyncio
import json
import logging
import os
import pathlib
import re
import ssl
import subprocess
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


def certificate(folder):
    """A key and a certificate that is its own authority."""
    cert, key = folder / "ca.pem", folder / ".key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


class Handler:
    def __init__(self, folder):
        self.folder, self.count, self.seen = folder, 0, set()

    async def fault(self, server, name, where=""):
        """The answer that the local part @name asks for at this place, or None."""
        if not name.startswith(where):
            return None
        name = name.removeprefix(where)
        if name == "drop":
            server.transport.abort()
            return "451 gone"
        if name == "stall":
            await asyncio.sleep(3600)
        if re.fullmatch(r"[45]\d\d", name):
            return f"{name} {name[0]}.1.1 <x.y@example.org>: asked for"
        return None

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = await self.fault(server, address.split("@")[0], "from")
        if not answer:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        answer = await self.fault(server, name)
        if name == "slow" and address not in self.seen:
            self.seen.add(address)
            answer = "451 4.7.1 greylisted"
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = await self.fault(server, envelope.rcpt_tos[0].split("@")[0], "data")
        if answer:
            return answer
        text = envelope.content.replace(b"\r\n", b"\n")
        if text.count(b"\n") != envelope.content.count(b"\n") or b"\r" in text:
            return "554 bare line end"
        found = re.search(rb"^Message-ID:\s*<([^>\n]+)>$", text, re.MULTILINE)
        self.count += 1
        name = f"{found[1].decode()}.{self.count}"
        (self.folder / f".{name}.json").write_text(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": server.transport.get_extra_info("sslcontext") is not None,
            "user": session.auth_data, "helo": session.host_name}))
        (self.folder / ".tmp").write_bytes(text)
        os.rename(self.folder / ".tmp", self.folder / name)
        return "250 OK"


async def raw(mode, writer):
    if re.fullmatch(r"\d\d\d", mode):
        writer.write(f"{mode} no service here\r\n".encode())
        await writer.drain()
    if mode == "silent":
        await asyncio.sleep(3600)
    writer.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tls", choices=("starttls", "tls", "none"), default="starttls")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--raw")
    parser.add_argument("--port", type=int, default=0)
    o = parser.parse_args()
    logging.disable()  # clients that break off and old certificates are what it is here for
    warnings.simplefilter("ignore")
    o.folder.mkdir(exist_ok=True)
    context = certificate(o.folder)
    handler, peers, open_now = Handler(o.folder), set(), set()

    def authenticate(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (o.user.encode(), o.password.encode())
        return AuthResult(success=good, handled=False, auth_data=o.user if good else None)

    class Server(SMTP):
        def connection_made(self, transport):
            super().connection_made(transport)
            peer = transport.get_extra_info("peername")
            if peer not in peers:  # STARTTLS makes the same connection once more
                peers.add(peer)
                with open(o.folder / ".sessions", "a", encoding="ascii") as f:
                    f.write(f"{peer[1]}\n")
            open_now.add(transport)

        def connection_lost(self, error):
            open_now.discard(self.transport)
            super().connection_lost(error)

    def factory():
        login = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": o.tls == "starttls"} if o.user else {}
        starttls = {"tls_context": context, "require_starttls": True} if o.tls == "starttls" else {}
        return Server(handler, hostname="localhost", timeout=3600, **login, **starttls)

    loop = asyncio.get_running_loop()
    if o.raw:
        listening = await asyncio.start_server(lambda _, w: raw(o.raw, w), "127.0.0.1", o.port)
    else:
        listening = await loop.create_server(factory, "127.0.0.1", o.port, ssl=context if o.tls == "tls" else None)
    print("port", listening.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        if line == b"close\n":
            for transport in list(open_now):
                transport.abort()
            await asyncio.sleep(0)
            print("closed", flush=True)


asyncio.run(main())
