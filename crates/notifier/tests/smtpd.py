"""A real SMTP server (aiosmtpd) for the tests, which tells on standard output, one JSON object a line, what happened to it.

The first line is its port; it stops when its standard input ends. What it does to a mail depends on the first word of the address:
`unknown` 550 at RCPT, `busy` 451 at the first DATA of each Message-ID, `slow` 250 after a while.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

# A client that hangs up is what some tests are about.
logging.disable()
warnings.simplefilter("ignore")

parser = argparse.ArgumentParser()
parser.add_argument("--tls", choices=["starttls", "smtps"])
parser.add_argument("--certificate")
parser.add_argument("--auth", nargs=2, metavar=("USER", "PASSWORD"))
args = parser.parse_args()


def tell(**event):
    print(json.dumps(event), flush=True)


class Handler:
    def __init__(self):
        self.seen = set()
        self.at_once = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"):
            tell(event="refused", code=550)
            return f"550 5.1.1 <{address}> no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message_id = mail["message-id"]
        if envelope.rcpt_tos[0].startswith("busy") and message_id not in self.seen:
            self.seen.add(message_id)
            tell(event="refused", code=451, message_id=message_id)
            return f"451 4.3.0 busy with <{envelope.rcpt_tos[0]}>"
        self.at_once += 1
        at_once = self.at_once
        if envelope.rcpt_tos[0].startswith("slow"):
            await asyncio.sleep(0.2)
        self.at_once -= 1
        tell(
            event="accepted",
            at_once=at_once,
            sender=envelope.mail_from,
            to=envelope.rcpt_tos,
            headers={name.lower(): str(value) for name, value in mail.items()},
            body=mail.get_content(),
            raw=envelope.content.decode("ascii", "replace"),
            hello=session.host_name,
            tls=session.ssl is not None or args.tls == "smtps",
            login=session.authenticated,
        )
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    tell(event="login", mechanism=mechanism)
    sent = [data.login.decode(), data.password.decode()]
    return AuthResult(success=sent == args.auth, handled=False)


async def main():
    loop = asyncio.get_running_loop()
    context = None
    if args.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.certificate)
    options = {"hostname": "smtpd.test"}
    if args.tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if args.auth:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    handler = Handler()
    server = await loop.create_server(
        lambda: SMTP(handler, **options), "127.0.0.1", 0, ssl=context if args.tls == "smtps" else None
    )
    tell(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
