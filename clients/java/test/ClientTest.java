import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.google.protobuf.Timestamp;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.example.rapport.Refusal;
import org.example.rapport.Watch;
import org.example.rapport.v1.Channel;
import org.example.rapport.v1.Interaction;
import org.example.rapport.v1.InteractionFilter;
import org.example.rapport.v1.InteractionServiceGrpc.InteractionServiceBlockingStub;
import org.example.rapport.v1.ListInteractionsRequest;
import org.example.rapport.v1.RecordInteractionRequest;
import org.example.rapport.v1.RecordInteractionResponse;
import org.example.rapport.v1.Recording;
import org.example.rapport.v1.WatchInteractionsRequest;
import org.example.rapport.v1.WatchInteractionsResponse;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;

/** The package against a real server. */
public final class ClientTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final WatchInteractionsRequest WATCHED =
            WatchInteractionsRequest.newBuilder().setCustomerId("carla").build();
    private static final ListInteractionsRequest LISTED = ListInteractionsRequest.newBuilder()
            .setFilter(InteractionFilter.newBuilder().setCustomerId("carla"))
            .build();

    private Server server;
    private InteractionServiceBlockingStub interactions;

    @Before
    public void serve() throws Exception {
        server = new Server();
        interactions = server.interactions(server::token);
    }

    @After
    public void remove() throws Exception {
        server.close();
    }

    static RecordInteractionRequest aCall(String topic, String requestId) {
        var call = Interaction.newBuilder()
                .setChannel(Channel.CHANNEL_INBOUND_CALL)
                .setCustomerId("carla")
                .setTopic(topic)
                .setRequestedTime(Timestamp.newBuilder().setSeconds(1_740_992_400));
        return RecordInteractionRequest.newBuilder().setRequestId(requestId).setInteraction(call).build();
    }

    private RecordInteractionResponse record(String topic, String requestId) {
        return interactions.recordInteraction(aCall(topic, requestId));
    }

    private List<String> topics() {
        return interactions.listInteractions(LISTED).getInteractionsList().stream()
                .map(Interaction::getTopic)
                .sorted()
                .toList();
    }

    static Refusal refusal(org.junit.function.ThrowingRunnable call) {
        return Refusal.of(assertThrows(StatusRuntimeException.class, call));
    }

    private static List<String> events(Watch<?, WatchInteractionsResponse> watch, int count) {
        var topics = new ArrayList<String>();
        while (topics.size() < count) {
            var response = watch.next();
            if (response.hasEvent()) topics.add(response.getEvent().getInteraction().getTopic());
        }
        return topics;
    }

    @Test
    public void recordsOnceUnderARequestId() {
        var first = record("换货", "one");
        var again = record("换货", "one");
        assertEquals(Recording.RECORDING_ALREADY_PRESENT, again.getRecording());
        assertEquals(first.getInteractionId(), again.getInteractionId());
        // Without one, each call is another request.
        assertNotEquals(record("退款", "").getInteractionId(), record("退款", "").getInteractionId());
        assertEquals(List.of("换货", "退款", "退款"), topics());
    }

    @Test
    public void aRefusalNamesEveryField() {
        var refused = refusal(() -> interactions.recordInteraction(RecordInteractionRequest.newBuilder()
                .setInteraction(Interaction.getDefaultInstance())
                .build()));
        assertEquals(Status.Code.INVALID_ARGUMENT, refused.code());
        assertEquals("FIELD_REQUIRED", refused.reason());
        assertTrue(refused.fields().stream().anyMatch(one ->
                one.field().equals("interaction.channel") && one.reason().equals("FIELD_REQUIRED")));
        record("one", "same");
        var reused = refusal(() -> record("two", "same"));
        assertEquals("REQUEST_ID_REUSED", reused.reason());
        assertTrue(reused.info().containsKey("interaction_id"));
    }

    @Test
    public void callsGoOnWhereTheServerIsBack() throws Exception {
        topics();
        server.stop();
        var written = CompletableFuture.supplyAsync(() -> record("written", ""));
        var read = CompletableFuture.supplyAsync(this::topics);
        Thread.sleep(500);
        assertTrue(!written.isDone() && !read.isDone());
        server.start();
        written.get(20, TimeUnit.SECONDS);
        read.get(20, TimeUnit.SECONDS);
        assertEquals(List.of("written"), topics());
    }

    @Test
    public void aDeadlineEndsTheRepetitions() throws Exception {
        topics();
        server.stop();
        var begun = Instant.now();
        var refused = refusal(() -> interactions.withDeadlineAfter(1, TimeUnit.SECONDS).listInteractions(LISTED));
        assertEquals(Status.Code.UNAVAILABLE, refused.code());
        assertTrue(Duration.between(begun, Instant.now()).toMillis() < 3_000);
        server.start();
    }

    @Test
    public void aTokenIsRenewedBeforeItExpires() throws Exception {
        var asked = new AtomicInteger();
        var renewing = server.interactions(() -> {
            asked.incrementAndGet();
            return server.token("3s");
        });
        for (var call = 0; call < 5; call++) renewing.listInteractions(LISTED);
        assertEquals(1, asked.get());
        for (var round = 0; round < 7; round++) {
            Thread.sleep(500);
            renewing.listInteractions(LISTED);
        }
        assertTrue("" + asked, asked.get() >= 2 && asked.get() <= 5);
    }

    @Test
    public void aTokenThatIsRefusedIsAskedForOnceMore() throws Exception {
        var tokens = new ArrayDeque<>(List.of("stale", server.token(), "stale", "stale"));
        server.interactions(tokens::remove).listInteractions(LISTED);
        var refused = refusal(() -> server.interactions(tokens::remove).listInteractions(LISTED));
        assertEquals(Status.Code.UNAUTHENTICATED, refused.code());
        assertTrue(tokens.isEmpty());
    }

    @Test
    public void aWatchGoesOnAfterCutsWithoutGapOrRepetition() throws Exception {
        var expected = List.of("before", "一", "二", "三", "after");
        var cuts = new LinkedBlockingQueue<String>();
        String beginning;
        try (var watch = new Watch<>(interactions::watchInteractions, WATCHED, MINUTE, cut -> cuts.add(cut.reason()))) {
            beginning = watch.next().getResumeCursor();
            var seen = CompletableFuture.supplyAsync(() -> events(watch, expected.size()));
            record("before", "");
            server.kill();
            server.settings.put("RAPPORT_LIMITS_STREAM_MAX_LIFE", "1s");
            server.start();
            for (var topic : expected.subList(1, 4)) record(topic, "");
            while (!"STREAM_LIFE_OVER".equals(cuts.poll(20, TimeUnit.SECONDS)));
            record("after", "");
            assertEquals(expected, seen.get(20, TimeUnit.SECONDS));
        }
        // Another process goes on by the cursor.
        var again = WATCHED.toBuilder().setResumeCursor(beginning).build();
        try (var watch = new Watch<>(interactions::watchInteractions, again)) {
            assertEquals(expected, events(watch, expected.size()));
        }
    }

    @Test
    public void aWatchGoesOnWithANewTokenWhereTheOldOneExpires() {
        var expiring = server.interactions(() -> server.token("2s"));
        var cuts = new ArrayList<String>();
        try (var watch = new Watch<>(expiring::watchInteractions, WATCHED, MINUTE, cut -> cuts.add(cut.reason()))) {
            while (!cuts.contains("TOKEN_REJECTED")) watch.next();
            record("after", "");
            assertEquals(List.of("after"), events(watch, 1));
        }
    }

    @Test
    public void aWatchEndsWhereComingBackWouldNotHelpOrItIsClosed() throws Exception {
        var lost = WATCHED.toBuilder().setResumeCursor("42").build();
        try (var watch = new Watch<>(interactions::watchInteractions, lost)) {
            assertEquals("CURSOR_INVALID", refusal(watch::next).reason());
        }
        var watch = new Watch<>(interactions::watchInteractions, WATCHED);
        watch.next();
        var end = CompletableFuture.supplyAsync(() -> refusal(watch::next));
        watch.close();
        assertEquals(Status.Code.CANCELLED, end.get(5, TimeUnit.SECONDS).code());
        assertTrue(!watch.hasNext());
    }

    @Test
    public void theExampleRecordsListsAndWatches() throws Exception {
        var java = ProcessHandle.current().info().command().orElseThrow();
        var builder = new ProcessBuilder(java, "-Dstdout.encoding=UTF-8", "-cp", System.getProperty("java.class.path"),
                "Example", server.address, "carla");
        builder.environment().put("RAPPORT_TOKEN", server.token());
        var example = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            var lines = example.inputReader(StandardCharsets.UTF_8);
            var told = lines.readLine() + "\n" + lines.readLine() + "\n" + lines.readLine() + "\n";
            assertTrue(told, told.matches("recorded \\S+\nlisted \\S+ Opening hours\nwatching\n"));
            record("refund", "");
            assertEquals("watched refund", lines.readLine());
        } finally {
            example.destroy();
        }
    }
}
