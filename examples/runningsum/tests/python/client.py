"""Calls runningsum as any client of grpcio does: client.py COMMAND ADDRESS. It prints what it hears, for the test to compare."""

import pathlib
import queue
import sys

import grpc

# Generated here and now by grpcio-tools.
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "proto"))
pb, pb_grpc = grpc.protos_and_services("runningsum.proto")


def say(*words):
    print(*words, flush=True)


def one_by_one(stub):
    """Each number is sent when the total of the one before is there."""
    numbers = queue.SimpleQueue()
    totals = stub.Sum(iter(lambda: numbers.get(), None))
    for value in [4, -1, 7]:
        numbers.put(pb.Number(value=value))
        total = next(totals)
        say(total.sum, total.count)
    numbers.put(None)
    say(next(totals, "end"), totals.code().name)


def overflow(stub):
    totals = stub.Sum(pb.Number(value=value) for value in [2**63 - 1, 1, 1])
    try:
        for total in totals:
            say(total.sum, total.count)
    except grpc.RpcError as error:
        say(error.code().name, error.details())


def cancelled(stub):
    """A call that is given up while both of its streams are open."""
    numbers = queue.SimpleQueue()
    totals = stub.Sum(iter(lambda: numbers.get(), None))
    numbers.put(pb.Number(value=1))
    say(next(totals).sum)
    totals.cancel()
    say(totals.code().name)
    numbers.put(None)


if __name__ == "__main__":
    command, address = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        {"one_by_one": one_by_one, "overflow": overflow, "cancelled": cancelled}[command](pb_grpc.RunningSumStub(channel))
