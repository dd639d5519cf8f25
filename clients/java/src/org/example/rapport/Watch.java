package org.example.rapport;

import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The responses of a Watch method, for as long as they are read: {@code new Watch<>(stub::watchInteractions, request)}.
 *
 * <p>After a cut it goes on from the last resume cursor: nothing is missed, and nothing comes twice. Responses without
 * an event tell how far the watch is; to go on in another process, keep the resume cursor of the last response and put
 * it into the request. {@link #next} throws what the stub did when coming back would not help, for example NOT_FOUND,
 * or a token that is refused twice. For one thread; {@link #close} may be called from another one.
 */
public final class Watch<Q extends Message, A extends Message> implements Iterator<A>, AutoCloseable {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
    private static final Duration SILENCE = Duration.ofMinutes(1);
    private static final ScheduledExecutorService LATER = Executors.newSingleThreadScheduledExecutor(work -> {
        var thread = new Thread(work, "rapport-watches");
        thread.setDaemon(true);
        return thread;
    });

    private final Function<Q, Iterator<A>> method;
    private final Duration silence;
    private final Consumer<Refusal> onCut;
    private final Context.CancellableContext life = Context.current().withCancellation();
    private Q request;
    private Context.CancellableContext stream;
    private Iterator<A> responses;
    private Repetition.Pauses pauses = new Repetition.Pauses(FIRST_PAUSE, LONGEST_PAUSE);
    private boolean heard = true;

    /** Of a method of a blocking stub. */
    public Watch(Function<Q, Iterator<A>> method, Q request) {
        this(method, request, SILENCE, cut -> {});
    }

    /**
     * The same with more to say: after how long without a response the connection counts as cut, where the server is
     * heard every 15 s unless configured otherwise; and who is told of each cut.
     */
    public Watch(Function<Q, Iterator<A>> method, Q request, Duration silence, Consumer<Refusal> onCut) {
        this.method = method;
        this.request = request;
        this.silence = silence;
        this.onCut = onCut;
    }

    /** Whether it was not closed: there is always something to wait for. */
    @Override
    public boolean hasNext() {
        return !life.isCancelled();
    }

    @Override
    public A next() {
        while (true) {
            try {
                var response = receive();
                resume((String) response.getField(response.getDescriptorForType().findFieldByName("resume_cursor")));
                pauses = new Repetition.Pauses(FIRST_PAUSE, LONGEST_PAUSE);
                heard = true;
                return response;
            } catch (StatusRuntimeException cause) {
                comeBack(cause);
            }
        }
    }

    private A receive() {
        if (responses == null) {
            stream = life.withCancellation();
            stream.run(() -> responses = method.apply(request));
        }
        var listening = stream;
        var silent = LATER.schedule(() -> listening.cancel(null), silence.toMillis(), TimeUnit.MILLISECONDS);
        try {
            if (responses.hasNext()) return responses.next();
            throw Status.UNAVAILABLE.withDescription("the watch ended").asRuntimeException();
        } finally {
            silent.cancel(false);
        }
    }

    private void comeBack(StatusRuntimeException cause) {
        stream.cancel(null);
        responses = null;
        var refusal = Refusal.of(cause);
        var expired = refusal.code() == Status.Code.UNAUTHENTICATED;
        if (life.isCancelled() || !mendable(refusal) && !(expired && heard)) throw cause;
        var cursor = refusal.info().get("resume_cursor");
        if (cursor != null) resume(cursor);
        onCut.accept(refusal);
        heard = false;
        if (expired) return;
        try {
            Thread.sleep(refusal.retryAfter().plus(pauses.next()).toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw cause;
        }
    }

    @SuppressWarnings("unchecked")
    private void resume(String cursor) {
        var field = request.getDescriptorForType().findFieldByName("resume_cursor");
        request = (Q) request.toBuilder().setField(field, cursor).build();
    }

    private static boolean mendable(Refusal refusal) {
        return switch (refusal.code()) {
            case UNAVAILABLE, RESOURCE_EXHAUSTED -> true;
            // What a broken connection looks like depends on where it broke; then there is no reason.
            case UNKNOWN, INTERNAL, CANCELLED -> refusal.reason().isEmpty();
            default -> false;
        };
    }

    /** Ends the watch, and {@link #next} with it. */
    @Override
    public void close() {
        life.cancel(null);
    }
}
