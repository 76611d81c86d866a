package deploy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// commandTime is how long Redis may take to answer a command.
const commandTime = 3 * time.Second

// errRedis wraps what Redis answers instead of a result.
var errRedis = errors.New("redis answers")

// command asks the Redis at an address one thing, on a connection of its own, and returns the answer as text: of a list, its
// elements in lines.
func command(addr string, args ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, commandTime) //nolint:noctx // bounded by the timeout
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(commandTime)); err != nil {
		return "", err
	}
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(conn, request.String()); err != nil {
		return "", err
	}
	answer, err := readAnswer(bufio.NewReader(conn))
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return answer, nil
}

// readAnswer reads one value of the Redis protocol, RESP2.
func readAnswer(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty line from redis")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '-':
		return "", fmt.Errorf("%w %q", errRedis, rest)
	case '$', '*':
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return "", err
		}
		if kind == '*' {
			return readList(r, n)
		}
		data := make([]byte, n+2)
		_, err = io.ReadFull(r, data)
		return string(data[:n]), err
	default:
		return rest, nil
	}
}

func readList(r *bufio.Reader, n int) (string, error) {
	elements := make([]string, n)
	for i := range elements {
		var err error
		if elements[i], err = readAnswer(r); err != nil {
			return "", err
		}
	}
	return strings.Join(elements, "\n"), nil
}
