#!/usr/bin/env python3
"""A card payment provider for a payment port, with nothing but the standard library of Python.

It follows the contract of docs/ports.md. Its charges are in memory. A real provider stores a charge
before it answers, or passes the call on to a bank: replace `charge` and `refund`.

    PROVIDER_TOKEN=s3cret python3 examples/provider.py --port 9090 --limit 7000
"""

import argparse
import hmac
import itertools
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider:
    """The charges, and the answer to each idempotency key."""

    def __init__(self, limit):
        self.limit = limit
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.answers = {}  # idempotency key -> (status, body)
        self.charges = {}  # idempotency key of the charge -> what became of it

    def call(self, key, body):
        """Carries out a call at most once. The same key gets the same answer."""
        with self.lock:
            if key not in self.answers:
                operation = {"charge": self.charge, "refund": self.refund}[body["operation"]]
                self.answers[key] = operation(key, body)
            return self.answers[key]

    def charge(self, key, body):
        if key in self.charges:
            return 409, {"reason": "this charge was given back before it was made"}
        if body["amount"] > self.limit:
            return 402, {"reason": f"the card has a limit of {self.limit}"}
        number = f"ch_{next(self.numbers)}"
        self.charges[key] = {"transactionId": number, "amount": body["amount"], "status": "charged"}
        return 200, {"transactionId": number}

    def refund(self, key, body):
        # A charge without an answer is refunded under its key alone. It may be unknown here. Then it
        # must not be made later.
        charge = self.charges.setdefault(body["charge"], {"transactionId": None, "amount": 0})
        if body.get("transactionId", charge["transactionId"]) != charge["transactionId"]:
            return 422, {"reason": "this is not the transaction of the charge"}
        charge["status"] = "given back"
        return 200, {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # the head and the body of an answer are one packet
    provider: Provider
    token: str

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/charges":
            return self.answer(404, {"detail": "there is no such resource"})
        given = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            return self.answer(401, {"detail": "this token is unknown"})
        try:
            return self.answer(*self.provider.call(self.headers["Idempotency-Key"], json.loads(text)))
        except (KeyError, TypeError, ValueError) as error:
            return self.answer(400, {"detail": f"the body is not a call: {error!r}"})

    def do_GET(self):
        with self.provider.lock:
            self.answer(200, self.provider.charges)

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_request(self, code="-", size="-"):
        key = self.headers.get("Idempotency-Key", "-") if hasattr(self, "headers") else "-"
        print(self.command, self.path, key, int(code), flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--port", type=int, default=9090, help="0 takes a free one")
    options.add_argument("--limit", type=int, default=1_000_000, help="the largest charge, in won")
    options = options.parse_args()
    Handler.token = os.environ["PROVIDER_TOKEN"]
    Handler.provider = Provider(options.limit)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(f"the provider answers at http://127.0.0.1:{server.server_port}/charges", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
