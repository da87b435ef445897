"""A real S3 server in a process of its own, with one bucket: `python s3_server.py PORT`."""

from __future__ import annotations

import logging
import signal
import sys

import httpx
from moto.server import ThreadedMotoServer

if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    port = int(sys.argv[1])
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    scope = "Credential=key/20260101/us-east-1/s3/aws4_request"
    httpx.put(
        f"http://127.0.0.1:{port}/chat",
        headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x"},
    ).raise_for_status()
    print("ready", flush=True)
    signal.pause()
