package main

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc/metadata"

	pb "hoop.test/peer/transportpb"
)

// exec is a one-off command as an old command line runs it: one stream, no capabilities. Ends with the command's code.
func exec(arguments []string) error {
	address, token, name, input := arguments[0], arguments[1], arguments[2], arguments[3]
	connection, client, err := connect(address)
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := client.Connect(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token,
		"origin", "client", "verb", "exec", "connection-name", name, "version", "1.0.0"))
	if err != nil {
		return err
	}
	open := &pb.Packet{Type: "AgentSessionOpen", Payload: []byte(input)}
	// io.EOF: the gateway has ended the stream already; Recv says why.
	if err := first(stream.Send(open), stream.Send(&pb.Packet{Type: "GatewayKeepAlive"})); err != nil && err != io.EOF {
		return err
	}
	for {
		packet, err := stream.Recv()
		if err != nil {
			return err
		}
		switch packet.Type {
		case "ClientSessionOpenOK":
			session := map[string][]byte{"gateway.session_id": packet.Spec["gateway.session_id"]}
			for key := range packet.Spec {
				if key == "hoop.caps" {
					return fmt.Errorf("a key of ours for a peer that did not ask: %s", key)
				}
			}
			if err := stream.Send(&pb.Packet{Type: "AgentExecWriteStdin", Spec: session, Payload: []byte(input)}); err != nil {
				return err
			}
		case "ClientWriteStdout":
			os.Stdout.Write(packet.Payload)
		case "ClientWriteStderr":
			os.Stderr.Write(packet.Payload)
		case "ClientSessionClose":
			os.Stderr.Write(packet.Payload)
			code, err := strconv.Atoi(string(packet.Spec["client.exit_code"]))
			if err != nil {
				return err
			}
			if err := stream.CloseSend(); err != nil {
				return err
			}
			if _, err := stream.Recv(); err != io.EOF {
				return fmt.Errorf("the end: %v", err)
			}
			os.Exit(code)
		}
	}
}

// What of the parameters this agent reads; gob leaves the rest.
type connectionParams struct {
	ConnectionName string
	CmdList        []string
}

// agent answers each session with what it was given: the command's name, then its input, and exit code 3.
func agent(arguments []string) error {
	connection, client, err := connect(arguments[0])
	if err != nil {
		return err
	}
	defer connection.Close()
	stream, err := client.Connect(metadata.AppendToOutgoingContext(context.Background(),
		"authorization", "Bearer "+arguments[1], "origin", "agent", "version", "1.0.0", "hostname", "peer"))
	if err != nil {
		return err
	}
	names := map[string]string{}
	for {
		packet, err := stream.Recv()
		if err != nil {
			return err
		}
		id := string(packet.Spec["gateway.session_id"])
		answer := func(kind string, payload []byte, code string) error {
			spec := map[string][]byte{"gateway.session_id": []byte(id)}
			if kind == "ClientSessionOpenOK" {
				spec["gateway.connection_type"] = packet.Spec["gateway.connection_type"]
			}
			if code != "" {
				spec["client.exit_code"] = []byte(code)
			}
			return stream.Send(&pb.Packet{Type: kind, Spec: spec, Payload: payload})
		}
		switch packet.Type {
		case "AgentGatewayConnectOK":
			fmt.Println("ready")
		case "AgentSessionOpen":
			var params connectionParams
			if err := gob.NewDecoder(bytes.NewReader(packet.Spec["agent.connection_params"])).Decode(&params); err != nil {
				return fmt.Errorf("connection params: %w", err)
			}
			names[id] = fmt.Sprintf("%s %q: ", params.ConnectionName, params.CmdList)
			err = answer("ClientSessionOpenOK", nil, "")
		case "AgentExecWriteStdin":
			err = first(answer("ClientWriteStdout", []byte(names[id]), ""), answer("ClientWriteStdout", packet.Payload, ""),
				answer("ClientWriteStderr", []byte("said on stderr\n"), ""), answer("ClientSessionClose", nil, "3"))
		case "AgentSessionClose":
			delete(names, id)
		}
		if err != nil {
			return err
		}
	}
}
