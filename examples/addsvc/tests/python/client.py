"""Calls addsvc as any client of grpcio does: client.py COMMAND ADDRESS. It prints what it hears, for the test to compare."""

import pathlib
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

# Generated here and now by grpcio-tools.
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "proto"))
pb, pb_grpc = grpc.protos_and_services("add.proto")


def say(*words):
    print(*words, flush=True)


def listed(channel):
    """By v1alpha, which is what the library speaks, and by v1, whose messages are the same."""
    database = ProtoReflectionDescriptorDatabase(channel)
    say("v1alpha", *sorted(database.get_services()))
    service = DescriptorPool(database).FindServiceByName("pb.Add")
    say(*(f"{m.name}({m.input_type.full_name}) {m.output_type.full_name}" for m in service.methods))
    v1 = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    for reply in v1(iter([reflection_pb2.ServerReflectionRequest(list_services="")])):
        say("v1", *sorted(service.name for service in reply.list_services_response.service))


def status_of(reply):
    return health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)


def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    for name in ["", "pb.Add", "pb.Sub"]:
        try:
            say(repr(name), status_of(stub.Check(health_pb2.HealthCheckRequest(service=name))))
        except grpc.RpcError as error:
            say(repr(name), error.code().name)


def watch(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        for reply in stub.Watch(health_pb2.HealthCheckRequest(service="pb.Add")):
            say(status_of(reply))
    except grpc.RpcError as error:
        say(error.code().name)


def call(channel):
    stub = pb_grpc.AddStub(channel)
    total = stub.Sum(pb.SumRequest(a=1, b=2))
    say(total.v, repr(total.err))
    joined = stub.Concat(pb.ConcatRequest(a="foo", b="bar"))
    say(joined.v, repr(joined.err))


def refused(channel):
    """Of a business error all that there is."""
    stub = pb_grpc.AddStub(channel)
    calls = [(stub.Sum, pb.SumRequest()), (stub.Sum, pb.SumRequest(a=2**31)), (stub.Concat, pb.ConcatRequest(a="x" * 11))]
    for method, request in calls:
        try:
            method(request)
        except grpc.RpcError as error:
            say(error.code().name, error.details())
            status = rpc_status.from_call(error)
            for detail in status.details if status else []:
                bad = error_details_pb2.BadRequest()
                if detail.Unpack(bad):
                    say(*(f"{v.field}: {v.description};" for v in bad.field_violations))


def late(channel):
    """The time of the call is over long before there is an answer."""
    # The time is for the call alone.
    grpc.channel_ready_future(channel).result(timeout=20)
    try:
        pb_grpc.AddStub(channel).Sum(pb.SumRequest(a=1, b=2), timeout=0.4)
    except grpc.RpcError as error:
        say(error.code().name)


def cancelled(channel):
    """A stream that is given up after its first message."""
    replies = channel.unary_stream(
        "/test.Test/Watch",
        request_serializer=pb.SumRequest.SerializeToString,
        response_deserializer=pb.SumReply.FromString,
    )(pb.SumRequest(a=1, b=2))
    say(next(replies).v)
    replies.cancel()
    say(replies.code().name)


def metadata(channel):
    """Texts and bytes there and back."""
    call = channel.unary_unary(
        "/test.Test/Metadata",
        request_serializer=pb.SumRequest.SerializeToString,
        response_deserializer=pb.SumReply.FromString,
    )
    sent = (("x-caller", "ada"), ("x-twice", "1"), ("x-twice", "2"), ("x-any-bin", b"\x00\xff\n"))
    _, told = call.with_call(pb.SumRequest(), metadata=sent)
    say("initial", *(tuple(pair) for pair in told.initial_metadata() if pair[0].startswith("x-")))
    say("trailing", *(tuple(pair) for pair in told.trailing_metadata() if pair[0].startswith("x-")))
    try:
        call(pb.SumRequest(a=-1))
    except grpc.RpcError as error:
        say(error.code().name, *(tuple(pair) for pair in error.trailing_metadata() if pair[0].startswith("x-")))


def compressed(channel):
    """A long text there and back."""
    text = "la" * 50_000
    reply = channel.unary_unary(
        "/test.Test/Echo",
        request_serializer=pb.ConcatRequest.SerializeToString,
        response_deserializer=pb.ConcatReply.FromString,
    )(pb.ConcatRequest(a=text), compression=grpc.Compression.Gzip)
    say(len(reply.v), reply.v == text)


COMMANDS = [listed, health, watch, call, refused, late, cancelled, metadata, compressed]

if __name__ == "__main__":
    command, address = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        {command.__name__: command for command in COMMANDS}[command](channel)
