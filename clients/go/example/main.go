// RAPPORT_TOKEN=... go run ./example 127.0.0.1:50051 CUSTOMER_ID
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"example.org/rapport"
	"example.org/rapport/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func run(ctx context.Context, address, customer string) error {
	token := func(context.Context) (string, error) { return os.Getenv("RAPPORT_TOKEN"), nil }
	connection, err := rapport.Dial(address, token, grpc.WithInsecure())
	if err != nil {
		return err
	}
	defer connection.Close()
	client := v1.NewInteractionServiceClient(connection)
	call := &v1.Interaction{Channel: v1.Channel_CHANNEL_INBOUND_CALL, Outcome: v1.Outcome_OUTCOME_ANSWERED,
		Topic: "Opening hours", CustomerId: customer, RequestedTime: timestamppb.Now()}
	recorded, err := client.RecordInteraction(ctx, &v1.RecordInteractionRequest{Interaction: call})
	if err != nil {
		return err
	}
	fmt.Println("recorded", recorded.InteractionId)
	mine := &v1.InteractionFilter{CustomerId: customer}
	listed, err := client.ListInteractions(ctx, &v1.ListInteractionsRequest{Filter: mine})
	if err != nil {
		return err
	}
	for _, one := range listed.Interactions {
		fmt.Println("listed", one.InteractionId, one.Topic)
	}
	show := func(response *v1.WatchInteractionsResponse) bool {
		if response.Event == nil {
			fmt.Println("watching")
		} else {
			fmt.Println("watched", response.Event.Interaction.Topic)
		}
		return true
	}
	return rapport.Watch(ctx, client.WatchInteractions, &v1.WatchInteractionsRequest{CustomerId: customer}, show)
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: RAPPORT_TOKEN=... example ADDRESS CUSTOMER_ID")
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}
