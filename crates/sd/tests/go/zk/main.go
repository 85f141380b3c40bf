// Go kit's zk, for the tests of towerkit-sd: a registrar or an instancer, as Go kit's users have them.
//
//	zk register HOST:PORT PATH NAME ADDRESS   until it is told to stop, by SIGTERM
//	zk watch HOST:PORT PATH                   prints each set it is told of, as a line
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/zk"
	"github.com/go-kit/log"
)

func main() {
	logger := log.NewLogfmtLogger(os.Stderr)
	client, err := zk.NewClient([]string{os.Args[2]}, logger)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	switch os.Args[1] {
	case "register":
		service := zk.Service{Path: os.Args[3], Name: os.Args[4], Data: []byte(os.Args[5])}
		zk.NewRegistrar(client, service, logger).Register()
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
		// Its Deregister asks for a node of another name.
		client.Stop()
	case "watch":
		instancer, err := zk.NewInstancer(client, os.Args[3], logger)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		events := make(chan sd.Event)
		go instancer.Register(events)
		for event := range events {
			fmt.Printf("instances=%s error=%v\n", strings.Join(event.Instances, ","), event.Err)
		}
	}
}
