package rapport_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/rapport"
	"example.org/rapport/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var (
	filtered = &v1.ListInteractionsRequest{Filter: &v1.InteractionFilter{CustomerId: "carla"}}
	watched  = &v1.WatchInteractionsRequest{CustomerId: "carla"}
)

// A real server; RAPPORT names its program. Started again, it has the same address and the same record.
type server struct {
	t                           *testing.T
	program, directory, address string
	settings                    []string
	process                     *exec.Cmd
}

func serve(t *testing.T, settings ...string) *server {
	t.Parallel()
	s := &server{t: t, program: os.Getenv("RAPPORT"), address: "127.0.0.1:0", directory: t.TempDir(), settings: settings}
	if s.program == "" {
		t.Fatal("RAPPORT must name the program")
	}
	// A server refuses a data directory that others can read.
	must(t, os.Chmod(s.directory, 0o700))
	s.start()
	t.Cleanup(s.stop)
	directory := v1.NewDirectoryServiceClient(s.dial(s.token))
	carla := &v1.UpsertCustomerRequest{Customer: &v1.Customer{CustomerId: "carla", Salutation: "王女士"}}
	_, err := directory.UpsertCustomer(context.Background(), carla)
	must(t, err)
	return s
}

func (s *server) start() {
	s.process = exec.Command(s.program, "serve", "--listen", s.address, "--data-dir", s.directory)
	s.process.Env = append(os.Environ(), s.settings...)
	log, err := s.process.StderrPipe()
	must(s.t, err)
	must(s.t, s.process.Start())
	serving := regexp.MustCompile(`serving address=(\S+)`)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if found := serving.FindStringSubmatch(lines.Text()); found != nil {
			s.address = found[1]
			go func() {
				for lines.Scan() {
				}
			}()
			return
		}
	}
	s.t.Fatal("the server ended before it served")
}

func (s *server) stop() { s.end(syscall.SIGTERM) }

func (s *server) end(signal syscall.Signal) {
	s.process.Process.Signal(signal)
	s.process.Process.Wait()
}

func (s *server) tokenFor(life string) (string, error) {
	flags := []string{"token", "--role", "app", "--subject", "desk", "--data-dir", s.directory, "--ttl", life}
	token, err := exec.Command(s.program, flags...).Output()
	return strings.TrimSpace(string(token)), err
}

func (s *server) token(context.Context) (string, error) { return s.tokenFor("1h") }

func (s *server) dial(token rapport.TokenFunc) *grpc.ClientConn {
	connection, err := rapport.Dial(s.address, token, grpc.WithInsecure())
	must(s.t, err)
	s.t.Cleanup(func() { connection.Close() })
	return connection
}

func (s *server) client(token rapport.TokenFunc) client {
	return client{s.t, v1.NewInteractionServiceClient(s.dial(token))}
}

type client struct {
	t *testing.T
	v1.InteractionServiceClient
}

func (c client) record(topic, requestID string) *v1.RecordInteractionResponse {
	recorded, err := c.RecordInteraction(context.Background(), aCall(topic, requestID))
	must(c.t, err)
	return recorded
}

func (c client) topics() (topics []string) {
	listed, err := c.ListInteractions(context.Background(), filtered)
	must(c.t, err)
	for _, one := range listed.Interactions {
		topics = append(topics, one.Topic)
	}
	sort.Strings(topics)
	return topics
}

// The next topics that a watch shows, and where it began.
func (c client) events(request *v1.WatchInteractionsRequest, count int, opened func(), options ...rapport.WatchOption) (
	topics []string, beginning string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	must(c.t, rapport.Watch(ctx, c.WatchInteractions, request, func(response *v1.WatchInteractionsResponse) bool {
		if beginning == "" {
			beginning = response.ResumeCursor
			go opened()
		}
		if response.Event != nil {
			topics = append(topics, response.Event.Interaction.Topic)
		}
		return len(topics) < count
	}, options...))
	return topics, beginning
}

func aCall(topic, requestID string) *v1.RecordInteractionRequest {
	requested := timestamppb.New(time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC))
	channel := v1.Channel_CHANNEL_INBOUND_CALL
	call := &v1.Interaction{Channel: channel, CustomerId: "carla", Topic: topic, RequestedTime: requested}
	return &v1.RecordInteractionRequest{RequestId: requestID, Interaction: call}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, got, wanted interface{}) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Fatalf("%v, not %v", got, wanted)
	}
}

func refusalOf(t *testing.T, err error) *rapport.Error {
	t.Helper()
	var refusal *rapport.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("%v is no refusal", err)
	}
	return refusal
}

func TestRecordsOnceUnderARequestID(t *testing.T) {
	s := serve(t)
	client := s.client(s.token)
	first, again := client.record("换货", "one"), client.record("换货", "one")
	equal(t, again.Recording, v1.Recording_RECORDING_ALREADY_PRESENT)
	equal(t, again.InteractionId, first.InteractionId)
	// Without one, each call is another request.
	equal(t, client.record("退款", "").InteractionId != client.record("退款", "").InteractionId, true)
	equal(t, client.topics(), []string{"换货", "退款", "退款"})
}

func TestARefusalNamesEveryField(t *testing.T) {
	s := serve(t)
	client := s.client(s.token)
	empty := &v1.RecordInteractionRequest{Interaction: &v1.Interaction{}}
	_, err := client.RecordInteraction(context.Background(), empty)
	refusal := refusalOf(t, err)
	equal(t, refusal.Code, codes.InvalidArgument)
	equal(t, status.Code(err), codes.InvalidArgument)
	equal(t, refusal.Reason, "FIELD_REQUIRED")
	found := false
	for _, one := range refusal.Fields {
		found = found || one.Field == "interaction.channel" && one.Reason == "FIELD_REQUIRED" && one.Description != ""
	}
	equal(t, found, true)
	client.record("one", "same")
	_, err = client.RecordInteraction(context.Background(), aCall("two", "same"))
	refusal = refusalOf(t, err)
	equal(t, refusal.Reason, "REQUEST_ID_REUSED")
	equal(t, refusal.Info["interaction_id"] != "", true)
}

func TestCallsGoOnWhereTheServerIsBack(t *testing.T) {
	s := serve(t)
	client := s.client(s.token)
	client.topics()
	s.stop()
	var waiting sync.WaitGroup
	waiting.Add(2)
	go func() { defer waiting.Done(); client.record("written", "") }()
	go func() { defer waiting.Done(); client.topics() }()
	time.Sleep(500 * time.Millisecond)
	s.start()
	waiting.Wait()
	equal(t, client.topics(), []string{"written"})
}

func TestADeadlineEndsTheRepetitions(t *testing.T) {
	s := serve(t)
	client := s.client(s.token)
	client.topics()
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	begun := time.Now()
	_, err := client.ListInteractions(ctx, filtered)
	equal(t, refusalOf(t, err).Code, codes.Unavailable)
	equal(t, time.Since(begun) < 3*time.Second, true)
}

func TestATokenIsRenewedBeforeItExpires(t *testing.T) {
	s := serve(t)
	var asked int
	client := s.client(func(context.Context) (string, error) {
		asked++
		return s.tokenFor("3s")
	})
	var calls sync.WaitGroup
	for i := 0; i < 5; i++ {
		calls.Add(1)
		go func() { defer calls.Done(); client.topics() }()
	}
	calls.Wait()
	equal(t, asked, 1)
	for i := 0; i < 7; i++ {
		time.Sleep(500 * time.Millisecond)
		client.topics()
	}
	equal(t, asked >= 2 && asked <= 5, true)
}

func TestATokenThatIsRefusedIsAskedForOnceMore(t *testing.T) {
	s := serve(t)
	good, err := s.tokenFor("1h")
	must(t, err)
	tokens := []string{"stale", good, "stale", "stale"}
	next := func(context.Context) (token string, err error) {
		token, tokens = tokens[0], tokens[1:]
		return token, nil
	}
	s.client(next).topics()
	_, err = s.client(next).ListInteractions(context.Background(), filtered)
	equal(t, refusalOf(t, err).Code, codes.Unauthenticated)
	equal(t, len(tokens), 0)
}

func TestAWatchGoesOnAfterCutsWithoutGapOrRepetition(t *testing.T) {
	s := serve(t, "RAPPORT_LIMITS_STREAM_MAX_LIFE=1s")
	client := s.client(s.token)
	cuts := make(chan string, 100)
	wanted := []string{"before", "一", "二", "三", "after"}
	seen, beginning := client.events(watched, len(wanted), func() {
		client.record("before", "")
		s.end(syscall.SIGKILL)
		s.start()
		for _, topic := range wanted[1:4] {
			client.record(topic, "")
		}
		for cut := range cuts {
			if cut == "STREAM_LIFE_OVER" {
				break
			}
		}
		client.record("after", "")
	}, rapport.OnCut(func(cut *rapport.Error) { cuts <- cut.Reason }))
	equal(t, seen, wanted)
	// Another process goes on by the cursor.
	again := &v1.WatchInteractionsRequest{CustomerId: "carla", ResumeCursor: beginning}
	seen, _ = client.events(again, len(wanted), func() {})
	equal(t, seen, wanted)
}

func TestAWatchGoesOnWithANewTokenWhereTheOldOneExpires(t *testing.T) {
	s := serve(t)
	writer := s.client(s.token)
	expired := make(chan bool, 1)
	client := s.client(func(context.Context) (string, error) { return s.tokenFor("2s") })
	seen, _ := client.events(watched, 1, func() {
		<-expired
		writer.record("after", "")
	}, rapport.OnCut(func(cut *rapport.Error) {
		if cut.Reason == "TOKEN_REJECTED" {
			select {
			case expired <- true:
			default:
			}
		}
	}))
	equal(t, seen, []string{"after"})
}

func TestAWatchEndsWhereComingBackWouldNotHelp(t *testing.T) {
	s := serve(t)
	lost := &v1.WatchInteractionsRequest{CustomerId: "carla", ResumeCursor: "42"}
	show := func(*v1.WatchInteractionsResponse) bool { return true }
	err := rapport.Watch(context.Background(), s.client(s.token).WatchInteractions, lost, show)
	equal(t, refusalOf(t, err).Reason, "CURSOR_INVALID")
}

func TestTheExampleRecordsListsAndWatches(t *testing.T) {
	s := serve(t)
	program := t.TempDir() + "/example"
	built, err := exec.Command("go", "build", "-o", program, "example.org/rapport/example").CombinedOutput()
	if err != nil {
		t.Fatal(string(built))
	}
	token, err := s.tokenFor("1h")
	must(t, err)
	example := exec.Command(program, s.address, "carla")
	example.Env = append(os.Environ(), "RAPPORT_TOKEN="+token)
	out, err := example.StdoutPipe()
	must(t, err)
	must(t, example.Start())
	t.Cleanup(func() { example.Process.Kill(); example.Wait() })
	told := ""
	for lines := bufio.NewScanner(out); !strings.Contains(told, "watched") && lines.Scan(); {
		if told += lines.Text() + "\n"; lines.Text() == "watching" {
			s.client(s.token).record("退款", "")
		}
	}
	if !regexp.MustCompile("^recorded .*\nlisted .* Opening hours\nwatching\nwatched 退款\n$").MatchString(told) {
		t.Fatal(told)
	}
}
