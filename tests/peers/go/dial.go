package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "hoop.test/peer/transportpb"
)

func connect(address string, options ...grpc.DialOption) (*grpc.ClientConn, pb.TransportClient, error) {
	options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageMax), grpc.MaxCallSendMsgSize(messageMax)))
	connection, err := grpc.NewClient("passthrough:///"+address, options...)
	if err != nil {
		return nil, nil, err
	}
	return connection, pb.NewTransportClient(connection), nil
}

// check is one fact about the server at address.
type check struct {
	name string
	run  func(ctx context.Context, client pb.TransportClient) error
}

func dial(arguments []string) error {
	connection, client, err := connect(arguments[0], grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second}))
	if err != nil {
		return err
	}
	defer connection.Close()
	for _, one := range checks {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := one.run(ctx, client)
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		fmt.Println("ok", one.name)
	}
	return nil
}

var checks = []check{
	{"unary", checkUnary},
	{"unary statuses", checkUnaryStatuses},
	{"stream deadline", checkStreamDeadline},
	{"every size byte for byte", checkSizes},
	{"half close", checkHalfClose},
	{"metadata", checkMetadata},
	{"header list above the limit", checkHeaderLimit},
	{"refusal", checkRefusal},
	{"status details", checkDetails},
	{"cancel", checkCancel},
	{"many streams", checkManyStreams},
	{"message above the limit", checkMessageLimit},
	{"go away and reconnect", checkGoAway},
}

func expect(what string, wanted, got interface{}) error {
	if wanted != got {
		return fmt.Errorf("%s: expected %q, got %q", what, wanted, got)
	}
	return nil
}

func expectStatus(err error, code codes.Code, text string) error {
	if got := status.Convert(err); got.Code() != code || !strings.Contains(got.Message(), text) {
		return fmt.Errorf("expected %v %q, got %v", code, text, err)
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func roundTrip(stream pb.Transport_ConnectClient, packet *pb.Packet) (*pb.Packet, error) {
	if err := stream.Send(packet); err != nil {
		return nil, err
	}
	return stream.Recv()
}

func checkUnary(ctx context.Context, client pb.TransportClient) error {
	answer, err := client.HealthCheck(ctx, &pb.HealthCheckRequest{})
	return first(err, expect("status", "OK", answer.GetStatus()))
}

func checkUnaryStatuses(ctx context.Context, client pb.TransportClient) error {
	_, err := client.PreConnect(ctx, &pb.PreConnectRequest{Name: "pg%\u00fc"})
	return expectStatus(err, codes.ResourceExhausted, "no room for pg%\u00fc")
}

func checkStreamDeadline(ctx context.Context, client pb.TransportClient) error {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	stream, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return expectStatus(err, codes.DeadlineExceeded, "")
}

func checkSizes(ctx context.Context, client pb.TransportClient) error {
	stream, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	for _, size := range []int{0, 1, 2047, 2048, 65535, 3 << 20, 16<<20 - 100} {
		payload := testBytes(size)
		answer, err := roundTrip(stream, &pb.Packet{Type: "Echo", Payload: payload, Spec: map[string][]byte{"empty": {}}})
		if err != nil {
			return err
		}
		if !bytes.Equal(payload, answer.Payload) {
			return fmt.Errorf("%d bytes came back as other %d", size, len(answer.Payload))
		}
		if value, there := answer.Spec["empty"]; !there || len(value) != 0 {
			return fmt.Errorf("the empty spec entry is lost")
		}
	}
	answer, err := roundTrip(stream, &pb.Packet{}) // a message of no byte
	return first(err, expect("spec", "yes", string(answer.GetSpec()["echo"])), stream.CloseSend())
}

func checkHalfClose(ctx context.Context, client pb.TransportClient) error {
	stream, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	for i := 0; i < 10; i++ {
		if err := stream.Send(&pb.Packet{Type: "Echo", Payload: testBytes(i)}); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for i := 0; i < 10; i++ {
		answer, err := stream.Recv()
		if err != nil || len(answer.Payload) != i {
			return fmt.Errorf("answer %d: %d bytes, %v", i, len(answer.GetPayload()), err)
		}
	}
	if _, err = stream.Recv(); err != io.EOF {
		return fmt.Errorf("the end: %v", err)
	}
	return nil
}

func checkMetadata(ctx context.Context, client pb.TransportClient) error {
	token := strings.Repeat("t", 40<<10)
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", token, "key-bin", string(testBytes(300)))
	stream, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	answer, err := roundTrip(stream, &pb.Packet{Type: "Metadata", Payload: []byte("authorization")})
	if err := first(err, expect("long header", token, string(answer.GetPayload()))); err != nil {
		return err
	}
	answer, err = roundTrip(stream, &pb.Packet{Type: "Metadata", Payload: []byte("key-bin")})
	return first(err, expect("binary header", string(testBytes(300)), string(answer.GetPayload())), stream.CloseSend())
}

func checkHeaderLimit(ctx context.Context, client pb.TransportClient) error {
	stream, err := client.Connect(metadata.AppendToOutgoingContext(ctx, "authorization", strings.Repeat("t", 65<<10)))
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) == codes.OK {
		return fmt.Errorf("65 KiB of headers were accepted")
	}
	return checkUnary(ctx, client) // the connection, or a new one, goes on
}

func checkRefusal(ctx context.Context, client pb.TransportClient) error {
	stream, err := client.Connect(metadata.AppendToOutgoingContext(ctx, "refuse", "yes"))
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return expectStatus(err, codes.Unauthenticated, "invalid authentication")
}

func checkDetails(ctx context.Context, client pb.TransportClient) error {
	stream, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	_, err = roundTrip(stream, &pb.Packet{Type: "Fail", Payload: []byte("100 % \n off \u00fc")})
	if err := expectStatus(err, codes.Aborted, "100 % \n off \u00fc"); err != nil {
		return err
	}
	if details := status.Convert(err).Details(); len(details) != 1 || !strings.Contains(fmt.Sprint(details[0]), "details") {
		return fmt.Errorf("details: %v", details)
	}
	return nil
}

func checkCancel(ctx context.Context, client pb.TransportClient) error {
	cancelled, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Connect(cancelled)
	if err != nil {
		return err
	}
	if _, err = roundTrip(stream, &pb.Packet{Type: "Echo"}); err != nil {
		return err
	}
	cancel()
	if _, err = stream.Recv(); status.Code(err) != codes.Canceled {
		return fmt.Errorf("after cancel: %v", err)
	}
	watcher, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	_, err = roundTrip(watcher, &pb.Packet{Type: "AwaitCancel"})
	return first(err, watcher.CloseSend())
}

func checkManyStreams(ctx context.Context, client pb.TransportClient) error {
	const count = 200
	streams := make([]pb.Transport_ConnectClient, count)
	for i := range streams {
		var err error
		if streams[i], err = client.Connect(ctx); err != nil {
			return err
		}
	}
	for round := 0; round < 3; round++ {
		for _, stream := range streams {
			if err := stream.Send(&pb.Packet{Type: "Echo", Payload: testBytes(1000)}); err != nil {
				return err
			}
		}
		for _, stream := range streams {
			if answer, err := stream.Recv(); err != nil || len(answer.Payload) != 1000 {
				return fmt.Errorf("round %d: %v", round, err)
			}
		}
	}
	for _, stream := range streams {
		if err := stream.CloseSend(); err != nil {
			return err
		}
		if _, err := stream.Recv(); err != io.EOF {
			return fmt.Errorf("the end: %v", err)
		}
	}
	return nil
}

func checkMessageLimit(ctx context.Context, client pb.TransportClient) error {
	stream, err := client.Connect(ctx, grpc.MaxCallSendMsgSize(20<<20))
	if err != nil {
		return err
	}
	stream.Send(&pb.Packet{Payload: make([]byte, messageMax+1)})
	_, err = stream.Recv()
	return expectStatus(err, codes.ResourceExhausted, "received message larger than max")
}

func checkGoAway(ctx context.Context, client pb.TransportClient) error {
	old, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	if _, err := roundTrip(old, &pb.Packet{Type: "GoAway"}); err != nil {
		return err
	}
	// What runs goes on; what is new finds the new server.
	next, err := client.Connect(ctx, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	if _, err := roundTrip(next, &pb.Packet{Type: "Echo"}); err != nil {
		return err
	}
	if _, err := roundTrip(old, &pb.Packet{Type: "Echo"}); err != nil {
		return err
	}
	if err := first(old.CloseSend(), next.CloseSend()); err != nil {
		return err
	}
	if _, err := old.Recv(); err != io.EOF {
		return fmt.Errorf("the end: %v", err)
	}
	return nil
}
