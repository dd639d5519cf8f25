import com.google.protobuf.Timestamp;
import io.grpc.netty.NettyChannelBuilder;
import org.example.rapport.Rapport;
import org.example.rapport.Watch;
import org.example.rapport.v1.*;

/** RAPPORT_TOKEN=... java Example 127.0.0.1:50051 CUSTOMER_ID */
public final class Example {
    public static void main(String[] arguments) {
        var customer = arguments[1];
        var channel = NettyChannelBuilder.forTarget(arguments[0]).usePlaintext().build();
        var token = System.getenv("RAPPORT_TOKEN");
        var interactions = InteractionServiceGrpc.newBlockingStub(Rapport.over(channel, () -> token));
        var call = Interaction.newBuilder()
                .setChannel(Channel.CHANNEL_INBOUND_CALL)
                .setOutcome(Outcome.OUTCOME_ANSWERED)
                .setTopic("Opening hours")
                .setCustomerId(customer)
                .setRequestedTime(Timestamp.newBuilder().setSeconds(System.currentTimeMillis() / 1000));
        var request = RecordInteractionRequest.newBuilder().setInteraction(call).build();
        var recorded = interactions.recordInteraction(request);
        System.out.println("recorded " + recorded.getInteractionId());
        var mine = InteractionFilter.newBuilder().setCustomerId(customer);
        var listed = interactions.listInteractions(ListInteractionsRequest.newBuilder().setFilter(mine).build());
        for (var one : listed.getInteractionsList()) {
            System.out.println("listed " + one.getInteractionId() + " " + one.getTopic());
        }
        var watched = WatchInteractionsRequest.newBuilder().setCustomerId(customer).build();
        try (var watch = new Watch<>(interactions::watchInteractions, watched)) {
            watch.forEachRemaining(response -> System.out.println(
                    response.hasEvent() ? "watched " + response.getEvent().getInteraction().getTopic() : "watching"));
        }
    }
}
