// Go kit's NATS transport, for the tests and the benchmark of towerkit-transport-nats: as Go kit's users have it.
//
//	gokit_nats call URL SUBJECT A B    one call by its Publisher: what the reply's decoder has of it, a line each
//	gokit_nats serve URL SUBJECT       its Subscriber, in the queue group `add`, until it is killed; says `ready` when it is
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	kit "github.com/go-kit/kit/transport/nats"
	"github.com/nats-io/nats.go"
)

type sumRequest struct {
	A int64 `json:"a"`
	B int64 `json:"b"`
}

type sumReply struct {
	V int64 `json:"v"`
}

// What a caller has of a reply of either kind: the error is a field, as Go kit's DefaultErrorEncoder writes it.
type answer struct {
	V   int64  `json:"v"`
	Err string `json:"err"`
}

func main() {
	connection, err := nats.Connect(os.Args[2])
	check(err)
	switch os.Args[1] {
	case "call":
		call(connection, os.Args[3], number(os.Args[4]), number(os.Args[5]))
	case "serve":
		serve(connection, os.Args[3])
	default:
		check(fmt.Errorf("unknown: %s", os.Args[1]))
	}
}

func call(connection *nats.Conn, subject string, a, b int64) {
	headers := func(ctx context.Context, reply *nats.Msg) context.Context {
		for _, name := range []string{"Nats-Service-Error", "Nats-Service-Error-Code"} {
			if value := reply.Header.Get(name); value != "" {
				fmt.Printf("%s: %s\n", name, value)
			}
		}
		return ctx
	}
	decode := func(_ context.Context, reply *nats.Msg) (interface{}, error) {
		var answer answer
		err := json.Unmarshal(reply.Data, &answer)
		return answer, err
	}
	sum := kit.NewPublisher(
		connection, subject, kit.EncodeJSONRequest, decode,
		kit.PublisherAfter(headers), kit.PublisherTimeout(5*time.Second),
	).Endpoint()
	reply, err := sum(context.Background(), sumRequest{a, b})
	if err != nil {
		fmt.Printf("error: %v\n", err)
		return
	}
	if reply := reply.(answer); reply.Err != "" {
		fmt.Printf("err: %s\n", reply.Err)
	} else {
		fmt.Printf("v: %d\n", reply.V)
	}
}

func serve(connection *nats.Conn, subject string) {
	sum := func(_ context.Context, request interface{}) (interface{}, error) {
		sum := request.(sumRequest)
		if sum.A == 0 && sum.B == 0 {
			return nil, errors.New("can't sum two zeroes")
		}
		return sumReply{sum.A + sum.B}, nil
	}
	decode := func(_ context.Context, message *nats.Msg) (interface{}, error) {
		var request sumRequest
		err := json.Unmarshal(message.Data, &request)
		return request, err
	}
	handler := kit.NewSubscriber(sum, decode, kit.EncodeJSONResponse)
	_, err := connection.QueueSubscribe(subject, "add", handler.ServeMsg(connection))
	check(err)
	check(connection.Flush())
	fmt.Println("ready")
	select {}
}

func number(text string) int64 {
	number, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return number
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
