// Rapport from Go: records an interaction, lists the customer's, and watches them.
//
//	RAPPORT_TOKEN=... desk 127.0.0.1:50051 CUSTOMER_ID
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	v1 "rapportpb/rapport/v1"
)

// Explain puts a refusal in words: its reason, and every field at fault.
func Explain(err error) []string {
	refusal := status.Convert(err)
	lines := []string{fmt.Sprintf("%v: %s", refusal.Code(), refusal.Message())}
	for _, detail := range refusal.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			lines[0] = fmt.Sprintf("%v %s: %s", refusal.Code(), detail.Reason, refusal.Message())
		case *errdetails.BadRequest:
			for _, one := range detail.FieldViolations {
				lines = append(lines, one.Field+" "+one.Description)
			}
		}
	}
	return lines
}

// Watch hands every event of a customer to show, from a cursor on, and resumes after a cut. It returns when show says
// so, or with what trying again would not mend.
func Watch(ctx context.Context, client v1.InteractionServiceClient, customer, cursor string,
	show func(event *v1.InteractionEvent, cursor string) (more bool)) error {
	for {
		request := &v1.WatchInteractionsRequest{CustomerId: customer, ResumeCursor: cursor}
		stream, err := client.WatchInteractions(ctx, request)
		for err == nil {
			var response *v1.WatchInteractionsResponse
			if response, err = stream.Recv(); err == nil {
				cursor = response.ResumeCursor
				if !show(response.Event, cursor) {
					return nil
				}
			}
		}
		switch status.Code(err) {
		case codes.Unavailable, codes.ResourceExhausted, codes.Unknown:
			time.Sleep(time.Second)
		default:
			return err
		}
	}
}

// Record records a call of a customer under a request id: again under the same id, nothing is recorded twice.
func Record(ctx context.Context, client v1.InteractionServiceClient, request, customer, topic string) (string, error) {
	recorded, err := client.RecordInteraction(ctx, &v1.RecordInteractionRequest{
		RequestId: request,
		Interaction: &v1.Interaction{
			Channel:       v1.Channel_CHANNEL_INBOUND_CALL,
			Outcome:       v1.Outcome_OUTCOME_ANSWERED,
			Topic:         topic,
			CustomerId:    customer,
			RequestedTime: timestamppb.Now(),
		},
	})
	if err != nil {
		return "", err
	}
	return recorded.InteractionId, nil
}

// Dial connects and puts the token before every call of the context it returns.
func Dial(address, token string) (context.Context, *grpc.ClientConn, error) {
	connection, err := grpc.Dial(address, grpc.WithInsecure())
	return metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token), connection, err
}

func run(address, customer, token string) error {
	ctx, connection, err := Dial(address, token)
	if err != nil {
		return err
	}
	defer connection.Close()
	client := v1.NewInteractionServiceClient(connection)
	request := make([]byte, 16)
	if _, err := rand.Read(request); err != nil {
		return err
	}
	id, err := Record(ctx, client, hex.EncodeToString(request), customer, "Opening hours")
	if err != nil {
		return err
	}
	fmt.Println("recorded", id)
	filter := &v1.InteractionFilter{CustomerId: customer}
	listed, err := client.ListInteractions(ctx, &v1.ListInteractionsRequest{Filter: filter, PageSize: 5})
	if err != nil {
		return err
	}
	for _, one := range listed.Interactions {
		fmt.Println("listed", one.InteractionId, one.Channel, one.Topic)
	}
	return Watch(ctx, client, customer, "", func(event *v1.InteractionEvent, _ string) bool {
		if event == nil {
			fmt.Println("watching")
		} else {
			fmt.Println("watched", event.Interaction.InteractionId, event.Kind)
		}
		return true
	})
}

func main() {
	token := os.Getenv("RAPPORT_TOKEN")
	if len(os.Args) != 3 || token == "" {
		fmt.Fprintln(os.Stderr, "usage: RAPPORT_TOKEN=... desk ADDRESS CUSTOMER_ID")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], token); err != nil {
		for _, line := range Explain(err) {
			fmt.Fprintln(os.Stderr, line)
		}
		os.Exit(1)
	}
}
