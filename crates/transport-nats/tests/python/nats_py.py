"""nats-py, for the tests of towerkit-transport-nats.

    nats_py.py call URL SUBJECT PAYLOAD [NAME=VALUE ...]   one request; what came of it, as JSON
    nats_py.py serve URL                                   a service of nats.micro; says `ready` when it is
"""

import asyncio
import json
import sys

import nats
from nats.errors import NoRespondersError, TimeoutError
from nats.micro import add_service
from nats.micro.service import EndpointConfig, ServiceConfig


async def call(url, subject, payload, *headers):
    connection = await nats.connect(url)
    headers = dict(header.split("=", 1) for header in headers) or None
    try:
        reply = await connection.request(subject, payload.encode(), timeout=5, headers=headers)
        told = {"data": reply.data.decode(), "headers": dict(reply.headers or {})}
    except (NoRespondersError, TimeoutError) as error:
        told = {"error": type(error).__name__}
    print(json.dumps(told))
    await connection.close()


async def add(request):
    numbers = json.loads(request.data)
    # It echoes a header that it was sent.
    headers = {"X-Told": request.headers["x-asked"]} if request.headers and "x-asked" in request.headers else None
    await request.respond(json.dumps({"v": numbers["a"] + numbers["b"]}).encode(), headers=headers)


async def fail(request):
    await request.respond_error(code="404", description="no such order", data=b"{}")


async def fail_oddly(request):
    await request.respond_error(code="E-17", description="out of paper")


async def slow(request):
    # How long it may take is among the headers.
    print("asked with", request.headers["towerkit-timeout"], flush=True)
    await asyncio.sleep(3600)


async def serve(url):
    connection = await nats.connect(url)
    service = await add_service(connection, ServiceConfig(name="py", version="1.0.0"))
    for handler in (add, fail, fail_oddly, slow):
        name = handler.__name__
        await service.add_endpoint(EndpointConfig(name=name, subject=f"py.{name}", handler=handler))
    await connection.flush()
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run({"call": call, "serve": serve}[sys.argv[1]](*sys.argv[2:]))
