"""A server of grpcio, for our client to call: it prints its port, and then what its handlers see.

Beside the service of runningsum.proto there is `test.Kinds`, with the same messages and a method of each kind.
"""

import pathlib
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

# Generated here and now by grpcio-tools.
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "proto"))
pb, pb_grpc = grpc.protos_and_services("runningsum.proto")


def say(*words):
    print(*words, flush=True)


class RunningSum(pb_grpc.RunningSumServicer):
    def Sum(self, numbers, context):
        total = pb.Total()
        for number in numbers:
            total.sum += number.value
            total.count += 1
            yield total


def double(number, context):
    metadata = {key: value for key, value in context.invocation_metadata()}
    context.send_initial_metadata((("x-head", metadata.get("x-caller", "nobody")),))
    context.set_trailing_metadata((("x-tail-bin", b"\x00\xff"),))
    return pb.Total(sum=2 * number.value, count=1)


def up_to(number, context):
    for count in range(1, number.value + 1):
        yield pb.Total(sum=count * (count + 1) // 2, count=count)


def whole(numbers, context):
    values = []
    ended = threading.Event()
    if not context.add_callback(ended.set):
        ended.set()
    try:
        for number in numbers:
            values.append(number.value)
            say("number", number.value)
    except Exception:
        # What grpcio raises where the caller has cancelled.
        say("no good end")
        raise
    # It may end the loop as if all were well, before it knows. A call that is to fail is over then, and a good one is not.
    if ("x-fails", "1") in context.invocation_metadata() and ended.wait(10):
        say("no good end")
    return pb.Total(sum=sum(values), count=len(values))


def refuse(number, context):
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="value", description="is not welcome")
    info = error_details_pb2.ErrorInfo(reason="UNWELCOME", domain="test", metadata={"value": str(number.value)})
    details = [any_pb2.Any(), any_pb2.Any()]
    details[0].Pack(bad)
    details[1].Pack(info)
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="no: ☂ 100 %", details=details)
    status = rpc_status.to_status(status)
    # `abort_with_status` would leave out what is not of the status.
    own = (("x-why", "it is so"), ("x-why-bin", b"\x00\xff"))
    context.set_trailing_metadata(tuple(status.trailing_metadata) + own)
    context.abort(status.code, status.details)


def broken(number, context):
    """A stream that fails after its first message."""
    yield pb.Total(sum=1, count=1)
    context.abort(grpc.StatusCode.ABORTED, "enough")


def late(number, context):
    context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the server's own time is over")


def wait(number, context):
    """Waits until the caller gives it up. The number is how many seconds it may have at most, if there is an end to them."""
    ended = threading.Event()
    context.add_callback(ended.set)
    left = context.time_remaining()
    # Where there is no deadline it is none, or very many years.
    say("without end" if left is None or left > 10**6 else "in time" if left <= number.value else f"{left} s")
    ended.wait()
    say("active" if context.is_active() else "given up")
    return pb.Total()


def wait_stream(number, context):
    yield pb.Total(sum=1, count=1)
    wait(number, context)


HANDLERS = {
    "Double": grpc.unary_unary_rpc_method_handler(double, pb.Number.FromString, pb.Total.SerializeToString),
    "UpTo": grpc.unary_stream_rpc_method_handler(up_to, pb.Number.FromString, pb.Total.SerializeToString),
    "Whole": grpc.stream_unary_rpc_method_handler(whole, pb.Number.FromString, pb.Total.SerializeToString),
    "Refuse": grpc.unary_unary_rpc_method_handler(refuse, pb.Number.FromString, pb.Total.SerializeToString),
    "Broken": grpc.unary_stream_rpc_method_handler(broken, pb.Number.FromString, pb.Total.SerializeToString),
    "Late": grpc.unary_unary_rpc_method_handler(late, pb.Number.FromString, pb.Total.SerializeToString),
    "Wait": grpc.unary_unary_rpc_method_handler(wait, pb.Number.FromString, pb.Total.SerializeToString),
    "WaitStream": grpc.unary_stream_rpc_method_handler(wait_stream, pb.Number.FromString, pb.Total.SerializeToString),
}

if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    pb_grpc.add_RunningSumServicer_to_server(RunningSum(), server)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Kinds", HANDLERS)])
    states = health.HealthServicer()
    states.set("runningsum.RunningSum", HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    reflection.enable_server_reflection(["runningsum.RunningSum", reflection.SERVICE_NAME], server)
    say(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination()
