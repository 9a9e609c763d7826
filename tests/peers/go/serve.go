package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "hoop.test/peer/transportpb"
)

const messageMax = 17 << 20

type echoServer struct {
	pb.UnimplementedTransportServer
	mu        sync.Mutex
	cancelled chan struct{} // closed when the first stream was cancelled
	restart   chan struct{}
}

func (s *echoServer) HealthCheck(context.Context, *pb.HealthCheckRequest) (*pb.HealthCheckResponse, error) {
	return &pb.HealthCheckResponse{Status: "OK"}, nil
}

func (s *echoServer) PreConnect(ctx context.Context, request *pb.PreConnectRequest) (*pb.PreConnectResponse, error) {
	if request.Name == "slow" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, status.Errorf(codes.ResourceExhausted, "no room for %s", request.Name)
}

func (s *echoServer) Connect(stream pb.Transport_ConnectServer) error {
	headers, _ := metadata.FromIncomingContext(stream.Context())
	if len(headers.Get("refuse")) > 0 {
		return status.Error(codes.Unauthenticated, "invalid authentication")
	}
	for {
		packet, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			s.noteCancelled()
			return err
		}
		switch packet.Type {
		case "Metadata":
			values := headers.Get(string(packet.Payload))
			packet = &pb.Packet{Type: "Metadata"}
			if len(values) > 0 {
				packet.Payload = []byte(values[0])
			}
		case "Fail":
			failed, err := status.New(codes.Aborted, string(packet.Payload)).WithDetails(&errdetails.ErrorInfo{Reason: "details"})
			if err != nil {
				return err
			}
			return failed.Err()
		case "Hang":
			<-stream.Context().Done()
			return stream.Context().Err()
		case "AwaitCancel":
			<-s.cancelled
		case "GoAway":
			s.restart <- struct{}{}
		}
		if packet.Spec == nil {
			packet.Spec = map[string][]byte{}
		}
		packet.Spec["echo"] = []byte("yes")
		if err := stream.Send(packet); err != nil {
			return err
		}
	}
}

func (s *echoServer) noteCancelled() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.cancelled:
	default:
		close(s.cancelled)
	}
}

// serve answers until standard input ends. A restart is a GOAWAY: the old server goes on with what it has, a new one
// listens at the same address.
func serve([]string) error {
	echo := &echoServer{cancelled: make(chan struct{}), restart: make(chan struct{})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	fmt.Printf("ready %s\n", address)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		server := grpc.NewServer(grpc.MaxRecvMsgSize(messageMax), grpc.MaxSendMsgSize(messageMax), grpc.MaxHeaderListSize(64<<10),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 100 * time.Millisecond}))
		pb.RegisterTransportServer(server, echo)
		go server.Serve(listener)
		<-echo.restart
		go server.GracefulStop() // closes the listener first
		for listener, err = net.Listen("tcp", address); err != nil; listener, err = net.Listen("tcp", address) {
		}
	}
}
