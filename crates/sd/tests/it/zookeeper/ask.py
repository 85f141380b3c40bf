"""One thing done to a ZooKeeper by kazoo: `ask.py HOST:PORT COMMAND ARGUMENTS`."""

import signal
import sys

from kazoo.client import KazooClient

hosts, command, *arguments = sys.argv[1:]
client = KazooClient(hosts=hosts)
client.start(timeout=10)

if command == "list":  # the data of all nodes below a path
    path = arguments[0]
    for name in sorted(client.get_children(path)) if client.exists(path) else []:
        print(client.get(f"{path}/{name}")[0].decode())
elif command == "create":
    path, data = arguments
    client.create(path, data.encode(), makepath=True)
elif command == "set":
    path, data = arguments
    client.set(path, data.encode())
elif command == "delete":
    client.delete(arguments[0], recursive=True)
elif command == "delete-all":  # what is below a path
    for name in client.get_children(arguments[0]):
        client.delete(f"{arguments[0]}/{name}")
elif command == "set-all":
    path, data = arguments
    for name in client.get_children(path):
        client.set(f"{path}/{name}", data.encode())
elif command == "hold":  # an ephemeral node, until it is told to stop
    path, data = arguments
    signal.signal(signal.SIGTERM, lambda *_: (client.stop(), sys.exit(0)))
    client.create(path, data.encode(), ephemeral=True, sequence=True, makepath=True)
    signal.pause()

client.stop()
