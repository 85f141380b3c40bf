// Go kit's etcdv3, for the tests of towerkit-sd: a registrar or an instancer, as Go kit's users have them.
//
//	etcdv3 register HOST:PORT PREFIX ADDRESS   until it is told to stop, by SIGTERM
//	etcdv3 watch HOST:PORT PREFIX              prints each set it is told of, as a line
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/etcdv3"
	"github.com/go-kit/log"
)

func main() {
	logger := log.NewLogfmtLogger(os.Stderr)
	options := etcdv3.ClientOptions{DialTimeout: 3 * time.Second, DialKeepAlive: 3 * time.Second}
	client, err := etcdv3.NewClient(context.Background(), []string{os.Args[2]}, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	prefix := os.Args[3]
	switch os.Args[1] {
	case "register":
		address := os.Args[4]
		ttl := etcdv3.NewTTLOption(time.Second, 3*time.Second)
		registrar := etcdv3.NewRegistrar(client, etcdv3.Service{Key: prefix + address, Value: address, TTL: ttl}, logger)
		registrar.Register()
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
		registrar.Deregister()
	case "watch":
		instancer, err := etcdv3.NewInstancer(client, prefix, logger)
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
