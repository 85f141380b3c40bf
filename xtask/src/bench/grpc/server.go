// The same work behind grpc-go. The messages are of protobuf's own types that have the same fields on the wire, so that nothing needs to
// be generated: a Duration is two numbers, an Int64Value is one.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func sum(a, b int64) (int64, error) {
	if a == 0 && b == 0 {
		return 0, errors.New("can't sum two zeroes")
	}
	total := a + b
	if total > math.MaxInt32 || total < math.MinInt32 {
		return 0, errors.New("integer overflow")
	}
	return total, nil
}

func unary(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	request := new(durationpb.Duration)
	if err := decode(request); err != nil {
		return nil, err
	}
	v, err := sum(request.Seconds, int64(request.Nanos))
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return wrapperspb.Int64(v), nil
}

func running(_ any, stream grpc.ServerStream) error {
	var total int64
	var count int32
	for {
		number := new(wrapperspb.Int64Value)
		if err := stream.RecvMsg(number); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		total += number.Value
		count++
		if err := stream.SendMsg(&durationpb.Duration{Seconds: total, Nanos: count}); err != nil {
			return err
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "pb.Add",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Sum", Handler: unary}},
	}, struct{}{})
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "runningsum.RunningSum",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "Sum", Handler: running, ServerStreams: true, ClientStreams: true}},
	}, struct{}{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	_ = server.Serve(listener)
}
