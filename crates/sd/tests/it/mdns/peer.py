"""A neutral peer: python-zeroconf on the loopback interface.

register KIND NAME PORT TTL [KEY=VALUE...]   says `registered`, and stays; the TTL is that of its address and port
                                             SIGTERM: it says goodbye, and ends
browse KIND                                  says `add NAME ADDRESS:PORT KEY=VALUE...` and `remove NAME`
"""

import signal
import socket
import sys
import threading
import time

from zeroconf import ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf


def say(*words):
    print(*words, flush=True)


def register(zeroconf, kind, name, port, ttl, *pairs):
    info = ServiceInfo(
        kind,
        f"{name}.{kind}",
        addresses=[socket.inet_aton("127.0.0.1")],
        port=int(port),
        properties=dict(pair.split("=", 1) for pair in pairs),
        server=f"{name}.local.",
        host_ttl=int(ttl),
    )
    zeroconf.register_service(info)
    say("registered")


def browse(zeroconf, kind):
    def changed(zeroconf, service_type, name, state_change):
        # It is told in the thread that receives, which a question would block.
        threading.Thread(target=tell, args=(name, state_change), daemon=True).start()

    def tell(name, state_change):
        if state_change is ServiceStateChange.Removed:
            say("remove", name)
            return
        info = zeroconf.get_service_info(kind, name, 3000)
        if info is None:
            say("unresolved", name)
            return
        pairs = sorted(f"{key.decode()}={(value or b'').decode()}" for key, value in info.properties.items())
        say("add", name, f"{info.parsed_addresses()[0]}:{info.port}", *pairs)

    ServiceBrowser(zeroconf, kind, handlers=[changed])


def main():
    zeroconf = Zeroconf(interfaces=["127.0.0.1"])
    {"register": register, "browse": browse}[sys.argv[1]](zeroconf, *sys.argv[2:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        while True:
            time.sleep(1)
    finally:
        zeroconf.close()


main()
