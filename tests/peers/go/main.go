// grpc-go as independent peer: a server that our dialler calls, a client that calls our server, and small ones of both
// against the real gateway. What each command does: ../README.md.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"serve": serve, "dial": dial, "exec": exec, "agent": agent}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: peer serve | dial ADDRESS | exec ADDRESS TOKEN CONNECTION INPUT | agent ADDRESS KEY")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

// testBytes are the same in every language: bytes that no text codec leaves alone.
func testBytes(size int) []byte {
	bytes := make([]byte, size)
	state := uint32(1)
	for i := range bytes {
		state = state*1664525 + 1013904223
		bytes[i] = byte(state >> 24)
	}
	return bytes
}
