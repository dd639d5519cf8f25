package rapport

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const firstReturn, longestReturn = 500 * time.Millisecond, 30 * time.Second

// WatchOption changes how a watch goes on.
type WatchOption func(*watching)

type watching struct {
	silence time.Duration
	onCut   func(*Error)
}

// Silence is after how long without a response the connection counts as cut, if not after a minute; the server is heard
// every 15 s unless configured otherwise.
func Silence(silence time.Duration) WatchOption { return func(w *watching) { w.silence = silence } }

// OnCut is told of each cut.
func OnCut(tell func(*Error)) WatchOption { return func(w *watching) { w.onCut = tell } }

type resumable interface{ GetResumeCursor() string }

type receiving[Response any] interface{ Recv() (Response, error) }

// Watch shows every response of a Watch method for as long as show says so.
//
// After a cut it goes on from the last resume cursor: nothing is missed, and nothing comes twice. Responses without an
// event tell how far the watch is; to go on in another process, keep the resume cursor of the last response and put it
// into the request. It returns nil when show returns false, and an error when the context ends or coming back would not
// help, for example NOT_FOUND, or a token that is refused twice.
func Watch[Request proto.Message, Response resumable, Stream receiving[Response]](
	ctx context.Context,
	open func(context.Context, Request, ...grpc.CallOption) (Stream, error),
	request Request,
	show func(Response) bool,
	options ...WatchOption,
) error {
	w := watching{silence: time.Minute, onCut: func(*Error) {}}
	for _, option := range options {
		option(&w)
	}
	request = proto.Clone(request).(Request)
	resume := func(cursor string) {
		message := request.ProtoReflect()
		message.Set(message.Descriptor().Fields().ByName("resume_cursor"), protoreflect.ValueOfString(cursor))
	}
	back, heard := pauses{firstReturn, longestReturn}, true
	for {
		more := true
		refusal := w.listen(ctx, func(ctx context.Context, alive func(bool)) error {
			stream, err := open(ctx, request)
			for err == nil && more {
				var response Response
				if response, err = stream.Recv(); err == nil {
					alive(false)
					resume(response.GetResumeCursor())
					back, heard = pauses{firstReturn, longestReturn}, true
					more = show(response)
					alive(true)
				}
			}
			return err
		})
		if !more {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		expired := refusal.Code == codes.Unauthenticated
		if !comingBackMends(refusal) && !(expired && heard) {
			return refusal
		}
		if cursor := refusal.Info["resume_cursor"]; cursor != "" {
			resume(cursor)
		}
		w.onCut(refusal)
		heard = false
		if !expired {
			if err := sleep(ctx, refusal.RetryAfter+back.next()); err != nil {
				return err
			}
		}
	}
}

// Reads a stream until it ends, or nothing is heard of it for too long; the reader says when it listens.
func (w *watching) listen(ctx context.Context, read func(context.Context, func(listening bool)) error) *Error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var silent atomic.Bool
	timer := time.AfterFunc(w.silence, func() {
		silent.Store(true)
		cancel()
	})
	defer timer.Stop()
	err := read(ctx, func(listening bool) {
		if timer.Stop(); listening {
			timer.Reset(w.silence)
		}
	})
	switch {
	case silent.Load():
		err = status.Error(codes.Unavailable, "nothing was heard")
	case err == io.EOF:
		err = status.Error(codes.Unavailable, "the watch ended")
	}
	return explain(err)
}

// What a broken connection looks like depends on where it broke; then there is no reason.
func comingBackMends(refusal *Error) bool {
	switch refusal.Code {
	case codes.Unavailable, codes.ResourceExhausted:
		return true
	case codes.Unknown, codes.Internal, codes.Canceled:
		return refusal.Reason == ""
	default:
		return false
	}
}
