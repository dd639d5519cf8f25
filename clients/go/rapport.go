// Package rapport calls Rapport: Dial gives a connection whose clients, of package v1, renew their token, repeat what
// may be repeated and answer with *Error; Watch reads any Watch method and goes on after a cut.
package rapport

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Deadline is how long a call may take with all its repetitions, unless its context has a deadline.
const Deadline = 30 * time.Second

const firstPause, longestPause = 200 * time.Millisecond, 5 * time.Second

// Dial connects to a server. The token is asked for again shortly before its exp, and once for a call that is answered
// UNAUTHENTICATED. The options say at least whether the connection is in plain text or over TLS.
func Dial(target string, token TokenFunc, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	calls := &caller{token: renewed{give: token}}
	// gRPC's own pauses between two attempts to connect grow to minutes.
	connecting := backoff.Config{BaseDelay: firstPause, Multiplier: 2, Jitter: 0.2, MaxDelay: longestPause}
	own := []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: connecting, MinConnectTimeout: longestPause}),
		grpc.WithChainUnaryInterceptor(calls.unary),
		grpc.WithChainStreamInterceptor(calls.stream),
	}
	return grpc.Dial(target, append(own, options...)...)
}

type caller struct{ token renewed }

func (c *caller) unary(ctx context.Context, method string, request, reply interface{}, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, Deadline)
		defer cancel()
	}
	ends, _ := ctx.Deadline()
	prepared, repeatable := prepare(method, request.(proto.Message))
	pauses, askedAgain := pauses{firstPause, longestPause}, false
	for {
		token, err := c.token.get(ctx)
		if err != nil {
			return err
		}
		err = invoke(withToken(ctx, token), method, prepared, reply, connection, options...)
		if err == nil {
			return nil
		}
		refusal := explain(err)
		if refusal.Code == codes.Unauthenticated {
			c.token.refused(token)
			if !askedAgain {
				askedAgain = true
				continue
			}
		}
		wait := refusal.RetryAfter + pauses.next()
		if !repeatable || !mendable(refusal) || time.Now().Add(wait).After(ends) || sleep(ctx, wait) != nil {
			return refusal
		}
	}
}

func (c *caller) stream(ctx context.Context, description *grpc.StreamDesc, connection *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	token, err := c.token.get(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := open(withToken(ctx, token), description, connection, method, options...)
	if err != nil {
		return nil, c.explain(err, token)
	}
	return &explained{stream, c, token}, nil
}

func (c *caller) explain(err error, token string) error {
	if status.Code(err) == codes.Unauthenticated {
		c.token.refused(token)
	}
	return explain(err)
}

// A stream whose errors are of this package.
type explained struct {
	grpc.ClientStream
	caller *caller
	token  string
}

func (s *explained) RecvMsg(message interface{}) error {
	err := s.ClientStream.RecvMsg(message)
	if err == nil || err == io.EOF {
		return err
	}
	return s.caller.explain(err, s.token)
}

func withToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
