import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import org.example.rapport.Rapport;
import org.example.rapport.Watch;
import org.example.rapport.v1.InteractionServiceGrpc;
import org.example.rapport.v1.InteractionServiceGrpc.InteractionServiceBlockingStub;
import org.example.rapport.v1.InteractionServiceGrpc.InteractionServiceImplBase;
import org.example.rapport.v1.RecordInteractionRequest;
import org.example.rapport.v1.RecordInteractionResponse;
import org.example.rapport.v1.WatchInteractionsRequest;
import org.example.rapport.v1.WatchInteractionsResponse;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

/** What the real server says too rarely for a test. */
public final class RepetitionTest {
    private final Queue<Throwable> answers = new ArrayDeque<>();
    private final List<String> requestIds = Collections.synchronizedList(new ArrayList<>());
    private io.grpc.Server server;
    private ManagedChannel channel;
    private InteractionServiceBlockingStub interactions;

    /** Answers what it is told to, and remembers the request ids. */
    private final class Refuses extends InteractionServiceImplBase {
        @Override
        public void recordInteraction(RecordInteractionRequest request, StreamObserver<RecordInteractionResponse> out) {
            requestIds.add(request.getRequestId());
            var answer = answers.poll();
            if (answer != null) {
                out.onError(answer);
                return;
            }
            out.onNext(RecordInteractionResponse.getDefaultInstance());
            out.onCompleted();
        }

        @Override
        public void watchInteractions(WatchInteractionsRequest request, StreamObserver<WatchInteractionsResponse> out) {
            var cursor = request.getResumeCursor() + "+";
            out.onNext(WatchInteractionsResponse.newBuilder().setResumeCursor(cursor).build());
            var answer = answers.poll();
            if (answer != null) out.onError(answer);
        }
    }

    @Before
    public void serve() throws Exception {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)).addService(new Refuses()).build();
        server.start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
        interactions = InteractionServiceGrpc.newBlockingStub(Rapport.over(channel, () -> "any"));
    }

    @After
    public void stop() {
        channel.shutdownNow();
        server.shutdownNow();
    }

    private static Throwable refusal(Status.Code code, String reason, int retryMillis, Map<String, String> info) {
        var why = ErrorInfo.newBuilder().setReason(reason).setDomain("rapport").putAllMetadata(info);
        var retry = RetryInfo.newBuilder();
        retry.getRetryDelayBuilder().setNanos(retryMillis * 1_000_000);
        return StatusProto.toStatusException(com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .addDetails(Any.pack(why.build()))
                .addDetails(Any.pack(retry.build()))
                .build());
    }

    @Test
    public void aCallIsRepeatedWithItsRequestIdAndNotBeforeItMayBe() {
        answers.add(refusal(Status.Code.UNAVAILABLE, "OVERLOADED", 800, Map.of()));
        answers.add(refusal(Status.Code.RESOURCE_EXHAUSTED, "RATE_LIMITED", 800, Map.of()));
        answers.add(refusal(Status.Code.DEADLINE_EXCEEDED, "TIMED_OUT", 0, Map.of("outcome", "unknown")));
        var begun = Instant.now();
        interactions.recordInteraction(ClientTest.aCall("换货", ""));
        // The package's own pauses are 1.4 s at most.
        assertTrue(Duration.between(begun, Instant.now()).toMillis() >= 1_600);
        assertEquals(Collections.nCopies(4, requestIds.get(0)), requestIds);
        var id = UUID.fromString(requestIds.get(0));
        assertEquals(List.of(7, 2), List.of(id.version(), id.variant()));
        assertTrue(Math.abs((id.getMostSignificantBits() >>> 16) - begun.toEpochMilli()) < 10_000);
    }

    @Test
    public void nothingElseIsRepeated() {
        var others = Map.of(
                "TOO_MANY_STREAMS", Status.Code.RESOURCE_EXHAUSTED,
                "TIMED_OUT", Status.Code.DEADLINE_EXCEEDED,
                "INTERNAL", Status.Code.INTERNAL,
                "ETAG_MISMATCH", Status.Code.ABORTED);
        others.forEach((reason, code) -> {
            requestIds.clear();
            answers.add(refusal(code, reason, 100, Map.of()));
            var refused = ClientTest.refusal(() -> interactions.recordInteraction(ClientTest.aCall("换货", "")));
            assertEquals(reason, refused.reason());
            assertEquals(1, requestIds.size());
        });
    }

    @Test
    public void aWatchThatIsNotHeardIsOpenedAnew() {
        var request = WatchInteractionsRequest.getDefaultInstance();
        try (var watch = new Watch<>(interactions::watchInteractions, request, Duration.ofMillis(300), cut -> {})) {
            for (var cursor : List.of("+", "++", "+++")) assertEquals(cursor, watch.next().getResumeCursor());
        }
    }

    @Test
    public void aWatchGoesOnFromTheCursorOfItsEnd() {
        answers.add(refusal(Status.Code.UNAVAILABLE, "STREAM_LIFE_OVER", 0, Map.of("resume_cursor", "end")));
        answers.add(Status.INTERNAL.asException());
        answers.add(refusal(Status.Code.INTERNAL, "INTERNAL", 0, Map.of()));
        try (var watch = new Watch<>(interactions::watchInteractions, WatchInteractionsRequest.getDefaultInstance())) {
            for (var cursor : List.of("+", "end+", "end++")) assertEquals(cursor, watch.next().getResumeCursor());
            assertEquals("INTERNAL", ClientTest.refusal(watch::next).reason());
        }
    }
}
