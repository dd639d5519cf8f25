package rapport_test

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"testing"
	"time"

	"example.org/rapport"
	"example.org/rapport/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Answers what it is told to, for what the real server says too rarely for a test, and remembers the request ids.
type refuses struct {
	v1.UnimplementedInteractionServiceServer
	answers    []error
	requestIDs []string
}

func (r *refuses) RecordInteraction(_ context.Context, request *v1.RecordInteractionRequest) (
	*v1.RecordInteractionResponse, error) {
	r.requestIDs = append(r.requestIDs, request.RequestId)
	return &v1.RecordInteractionResponse{}, r.answer()
}

func (r *refuses) answer() error {
	if len(r.answers) == 0 {
		return nil
	}
	answer := r.answers[0]
	r.answers = r.answers[1:]
	return answer
}

func (r *refuses) WatchInteractions(request *v1.WatchInteractionsRequest,
	stream v1.InteractionService_WatchInteractionsServer) error {
	if err := stream.Send(&v1.WatchInteractionsResponse{ResumeCursor: request.ResumeCursor + "+"}); err != nil {
		return err
	}
	if answer := r.answer(); answer != nil {
		return answer
	}
	<-stream.Context().Done()
	return nil
}

func (r *refuses) serve(t *testing.T) v1.InteractionServiceClient {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := grpc.NewServer()
	v1.RegisterInteractionServiceServer(server, r)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	token := func(context.Context) (string, error) { return "any", nil }
	connection, err := rapport.Dial(listener.Addr().String(), token, grpc.WithInsecure())
	must(t, err)
	t.Cleanup(func() { connection.Close() })
	return v1.NewInteractionServiceClient(connection)
}

func refusal(t *testing.T, code codes.Code, reason string, after time.Duration, info map[string]string) error {
	why := &errdetails.ErrorInfo{Reason: reason, Domain: "rapport", Metadata: info}
	told, err := status.New(code, "no").WithDetails(why, &errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	must(t, err)
	return told.Err()
}

func TestACallIsRepeatedWithItsRequestIDAndNotBeforeItMayBe(t *testing.T) {
	server := &refuses{answers: []error{
		refusal(t, codes.Unavailable, "OVERLOADED", 800*time.Millisecond, nil),
		refusal(t, codes.ResourceExhausted, "RATE_LIMITED", 800*time.Millisecond, nil),
		refusal(t, codes.DeadlineExceeded, "TIMED_OUT", 0, map[string]string{"outcome": "unknown"}),
	}}
	client := server.serve(t)
	begun, request := time.Now(), aCall("换货", "")
	_, err := client.RecordInteraction(context.Background(), request)
	must(t, err)
	// The package's own pauses are 1.4 s at most.
	equal(t, time.Since(begun) >= 1600*time.Millisecond, true)
	id := server.requestIDs[0]
	equal(t, server.requestIDs, []string{id, id, id, id})
	version7 := regexp.MustCompile("^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
	equal(t, version7.MatchString(id), true)
	var high, low int64
	_, err = fmt.Sscanf(id, "%8x-%4x", &high, &low)
	must(t, err)
	equal(t, begun.Sub(time.UnixMilli(high<<16|low)).Abs() < 10*time.Second, true)
	equal(t, request.RequestId, "")
}

func TestNothingElseIsRepeated(t *testing.T) {
	server := &refuses{}
	client := server.serve(t)
	for reason, code := range map[string]codes.Code{
		"TOO_MANY_STREAMS": codes.ResourceExhausted,
		"TIMED_OUT":        codes.DeadlineExceeded,
		"INTERNAL":         codes.Internal,
		"ETAG_MISMATCH":    codes.Aborted,
	} {
		server.answers, server.requestIDs = []error{refusal(t, code, reason, 100*time.Millisecond, nil)}, nil
		_, err := client.RecordInteraction(context.Background(), aCall("换货", ""))
		equal(t, refusalOf(t, err).Reason, reason)
		equal(t, len(server.requestIDs), 1)
	}
}

func TestAWatchThatIsNotHeardIsOpenedAnew(t *testing.T) {
	client := (&refuses{}).serve(t)
	var cursors []string
	show := func(response *v1.WatchInteractionsResponse) bool {
		cursors = append(cursors, response.ResumeCursor)
		return len(cursors) < 3
	}
	silence := rapport.Silence(300 * time.Millisecond)
	must(t, rapport.Watch(context.Background(), client.WatchInteractions, watched, show, silence))
	equal(t, cursors, []string{"+", "++", "+++"})
}

func TestAWatchGoesOnFromTheCursorOfItsEnd(t *testing.T) {
	client := (&refuses{answers: []error{
		refusal(t, codes.Unavailable, "STREAM_LIFE_OVER", 0, map[string]string{"resume_cursor": "end"}),
		status.Error(codes.Internal, "no"),
		refusal(t, codes.Internal, "INTERNAL", 0, nil),
	}}).serve(t)
	var cursors []string
	err := rapport.Watch(context.Background(), client.WatchInteractions, watched,
		func(response *v1.WatchInteractionsResponse) bool {
			cursors = append(cursors, response.ResumeCursor)
			return true
		})
	equal(t, cursors, []string{"+", "end+", "end++"})
	equal(t, refusalOf(t, err).Reason, "INTERNAL")
}
