// Go kit's stringsvc, its first page: a method behind JSON over HTTP, with nothing around it.
//
//	stringsvc ADDRESS
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strings"

	kit "github.com/go-kit/kit/transport/http"
)

type request struct {
	S string `json:"s"`
}

type reply struct {
	V string `json:"v"`
}

func uppercase(_ context.Context, message any) (any, error) {
	text := message.(request).S
	if text == "" {
		return nil, errors.New("empty string")
	}
	return reply{strings.ToUpper(text)}, nil
}

func decode(_ context.Context, from *http.Request) (any, error) {
	var message request
	err := json.NewDecoder(from.Body).Decode(&message)
	return message, err
}

func main() {
	http.Handle("/uppercase", kit.NewServer(uppercase, decode, kit.EncodeJSONResponse))
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
