// A service of Go kit's with what its users put around an endpoint: a line of the log, metrics for Prometheus, a breaker, a limiter. Sum is had over
// HTTP and over gRPC. The messages of gRPC are of protobuf's own types that have the same fields on the wire, so that nothing needs to be
// generated: a Duration is two numbers, an Int64Value is one.
//
//	addsvc HTTP-ADDRESS GRPC-ADDRESS
package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/go-kit/kit/circuitbreaker"
	"github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/metrics"
	"github.com/go-kit/kit/metrics/prometheus"
	"github.com/go-kit/kit/ratelimit"
	kitgrpc "github.com/go-kit/kit/transport/grpc"
	kithttp "github.com/go-kit/kit/transport/http"
	"github.com/go-kit/log"
	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sony/gobreaker"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type sumRequest struct {
	A int64 `json:"a"`
	B int64 `json:"b"`
}

type sumReply struct {
	V int64 `json:"v"`
}

func sum(_ context.Context, message any) (any, error) {
	request := message.(sumRequest)
	if request.A == 0 && request.B == 0 {
		return nil, errors.New("can't sum two zeroes")
	}
	total := request.A + request.B
	if total > math.MaxInt32 || total < math.MinInt32 {
		return nil, errors.New("integer overflow")
	}
	return sumReply{total}, nil
}

// A line for each call, as Go kit's users write it.
func logging(logger log.Logger) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (reply any, err error) {
			defer func(begin time.Time) {
				logger.Log("transport_error", err, "took", time.Since(begin))
			}(time.Now())
			return next(ctx, request)
		}
	}
}

func instrumenting(count metrics.Counter, took metrics.Histogram) endpoint.Middleware {
	return func(next endpoint.Endpoint) endpoint.Endpoint {
		return func(ctx context.Context, request any) (reply any, err error) {
			defer func(begin time.Time) {
				success := strconv.FormatBool(err == nil)
				count.With("success", success).Add(1)
				took.With("success", success).Observe(time.Since(begin).Seconds())
			}(time.Now())
			return next(ctx, request)
		}
	}
}

func layered(logger log.Logger) endpoint.Endpoint {
	count := prometheus.NewCounterFrom(client.CounterOpts{
		Namespace: "addsvc", Name: "requests_total", Help: "Calls, by method and success.",
	}, []string{"method", "success"})
	took := prometheus.NewHistogramFrom(client.HistogramOpts{
		Namespace: "addsvc", Name: "request_duration_seconds", Help: "How long calls took.",
	}, []string{"method", "success"})
	return endpoint.Chain(
		logging(log.With(logger, "method", "sum")),
		instrumenting(count.With("method", "sum"), took.With("method", "sum")),
		ratelimit.NewErroringLimiter(rate.NewLimiter(1e9, 1e9)),
		circuitbreaker.Gobreaker(gobreaker.NewCircuitBreaker(gobreaker.Settings{Name: "sum"})),
	)(sum)
}

func decodeHTTP(_ context.Context, from *http.Request) (any, error) {
	var request sumRequest
	err := json.NewDecoder(from.Body).Decode(&request)
	return request, err
}

func decodeGRPC(_ context.Context, message any) (any, error) {
	request := message.(*durationpb.Duration)
	return sumRequest{request.Seconds, int64(request.Nanos)}, nil
}

func encodeGRPC(_ context.Context, reply any) (any, error) {
	return wrapperspb.Int64(reply.(sumReply).V), nil
}

// What stands in for generated code: it decodes, and calls the method by the interceptor.
func method(handler kitgrpc.Handler) grpc.MethodHandler {
	call := func(ctx context.Context, request any) (any, error) {
		_, reply, err := handler.ServeGRPC(ctx, request)
		return reply, err
	}
	return func(server any, ctx context.Context, decode func(any) error, next grpc.UnaryServerInterceptor) (any, error) {
		request := new(durationpb.Duration)
		if err := decode(request); err != nil {
			return nil, err
		}
		return next(ctx, request, &grpc.UnaryServerInfo{Server: server, FullMethod: "/pb.Add/Sum"}, call)
	}
}

func main() {
	logger := log.NewLogfmtLogger(log.NewSyncWriter(os.Stderr))
	logger = log.With(logger, "ts", log.DefaultTimestampUTC, "caller", log.DefaultCaller)
	endpoint := layered(logger)

	routes := http.NewServeMux()
	routes.Handle("/sum", kithttp.NewServer(endpoint, decodeHTTP, kithttp.EncodeJSONResponse))
	routes.Handle("/metrics", promhttp.Handler())

	server := grpc.NewServer(grpc.UnaryInterceptor(kitgrpc.Interceptor))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "pb.Add",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{
			MethodName: "Sum", Handler: method(kitgrpc.NewServer(endpoint, decodeGRPC, encodeGRPC)),
		}},
	}, struct{}{})

	failed := make(chan error)
	go func() { failed <- http.ListenAndServe(os.Args[1], routes) }()
	go func() {
		listener, err := net.Listen("tcp", os.Args[2])
		if err == nil {
			err = server.Serve(listener)
		}
		failed <- err
	}()
	logger.Log("exit", <-failed)
	os.Exit(1)
}
