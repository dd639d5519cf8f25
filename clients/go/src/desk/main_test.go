package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"

	v1 "rapportpb/rapport/v1"
)

// A real server; RAPPORT names its program.
func serve(t *testing.T) (context.Context, v1.InteractionServiceClient) {
	program := os.Getenv("RAPPORT")
	if program == "" {
		t.Fatal("RAPPORT must name the program")
	}
	directory := t.TempDir()
	// A server refuses a data directory that others can read.
	if err := os.Chmod(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program, "serve", "--listen", "127.0.0.1:0", "--data-dir", directory)
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(syscall.SIGTERM)
		server.Wait()
	})
	var address []string
	serving := regexp.MustCompile(`serving address=(\S+)`)
	for lines := bufio.NewScanner(log); address == nil && lines.Scan(); {
		address = serving.FindStringSubmatch(lines.Text())
	}
	if address == nil {
		t.Fatal("the server ended before it served")
	}
	token, err := exec.Command(program, "token", "--role", "app", "--subject", "desk", "--data-dir", directory).Output()
	if err != nil {
		t.Fatal(err)
	}
	ctx, connection, err := Dial(address[1], strings.TrimSpace(string(token)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	customer := &v1.Customer{CustomerId: "carla", Salutation: "王女士"}
	request := &v1.UpsertCustomerRequest{RequestId: "carla", Customer: customer}
	if _, err := v1.NewDirectoryServiceClient(connection).UpsertCustomer(ctx, request); err != nil {
		t.Fatal(err)
	}
	return ctx, v1.NewInteractionServiceClient(connection)
}

func TestRecordsListsAndWatches(t *testing.T) {
	ctx, client := serve(t)
	var beginning string
	err := Watch(ctx, client, "carla", "", func(_ *v1.InteractionEvent, cursor string) bool {
		beginning = cursor
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	var recorded, seen []string
	for _, topic := range []string{"换货", "退款"} {
		id, err := Record(ctx, client, topic, "carla", topic)
		if err != nil {
			t.Fatal(err)
		}
		recorded = append(recorded, id)
	}
	err = Watch(ctx, client, "carla", beginning, func(event *v1.InteractionEvent, _ string) bool {
		if event != nil {
			seen = append(seen, event.Interaction.InteractionId)
		}
		return len(seen) < len(recorded)
	})
	if err != nil || !reflect.DeepEqual(seen, recorded) {
		t.Fatalf("saw %v of %v: %v", seen, recorded, err)
	}
	filter := &v1.InteractionFilter{CustomerId: "carla"}
	listed, err := client.ListInteractions(ctx, &v1.ListInteractionsRequest{Filter: filter})
	if err != nil || len(listed.Interactions) != 2 {
		t.Fatalf("listed %v: %v", listed, err)
	}
}

func TestARefusalNamesEveryField(t *testing.T) {
	ctx, client := serve(t)
	_, err := client.RecordInteraction(ctx, &v1.RecordInteractionRequest{Interaction: &v1.Interaction{}})
	lines := strings.Join(Explain(err), "\n")
	for _, part := range []string{"InvalidArgument FIELD_REQUIRED", "\nrequest_id ", "\ninteraction.channel "} {
		if !strings.Contains(lines, part) {
			t.Errorf("%q is not in:\n%s", part, lines)
		}
	}
}
