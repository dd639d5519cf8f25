package org.example.rapport;

import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A unary call that is made again where it may be. Its caller sees the last try only. */
final class RepeatedCall<Q, A> extends ClientCall<Q, A> {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final ScheduledExecutorService LATER = Executors.newSingleThreadScheduledExecutor(work -> {
        var thread = new Thread(work, "rapport-repetitions");
        thread.setDaemon(true);
        return thread;
    });

    private final Token token;
    private final MethodDescriptor<Q, A> method;
    private final CallOptions options;
    private final Channel next;
    private final Context context = Context.current();
    private final Repetition.Pauses pauses = new Repetition.Pauses(FIRST_PAUSE, LONGEST_PAUSE);

    private Listener<A> caller;
    private Metadata headers;
    private Q request;
    private boolean repeatable;
    private boolean askedAgain;
    private ClientCall<Q, A> current;
    private Future<?> waiting;
    private boolean cancelled;

    RepeatedCall(Token token, MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        var ends = options.getDeadline() == null
                ? Deadline.after(Rapport.DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
                : options.getDeadline();
        this.token = token;
        this.method = method;
        this.options = options.withDeadline(ends);
        this.next = next;
    }

    @Override
    public void start(Listener<A> listener, Metadata headers) {
        this.caller = listener;
        this.headers = headers;
    }

    @Override
    public void request(int messages) {
        // There is one, and every try asks for it.
    }

    @Override
    @SuppressWarnings("unchecked")
    public void sendMessage(Q message) {
        var prepared = Repetition.prepare(method.getBareMethodName(), (Message) message);
        request = (Q) prepared.request();
        repeatable = prepared.repeatable();
    }

    @Override
    public void halfClose() {
        attempt();
    }

    @Override
    public synchronized void cancel(String message, Throwable cause) {
        cancelled = true;
        if (current != null) {
            current.cancel(message, cause);
        } else if (waiting != null && waiting.cancel(false)) {
            close(Status.CANCELLED.withDescription(message).withCause(cause));
        }
    }

    private void attempt() {
        try {
            var bearer = Rapport.given(token);
            var withToken = new Metadata();
            withToken.merge(headers);
            withToken.put(Rapport.AUTHORIZATION, "Bearer " + bearer);
            ClientCall<Q, A> call = next.newCall(method, options);
            call.start(new Try(bearer), withToken);
            synchronized (this) {
                current = call;
                if (cancelled) call.cancel("cancelled", null);
            }
            call.request(2);
            call.sendMessage(request);
            call.halfClose();
        } catch (StatusException noToken) {
            close(noToken.getStatus());
        }
    }

    private synchronized void attemptAfter(long nanos) {
        current = null;
        if (cancelled) {
            close(Status.CANCELLED);
        } else {
            waiting = LATER.schedule(context.wrap(() -> onExecutor(this::attempt)), nanos, TimeUnit.NANOSECONDS);
        }
    }

    private void close(Status status) {
        onExecutor(() -> caller.onClose(status, new Metadata()));
    }

    /** A blocking stub waits for what its executor is given, and for nothing else. */
    private void onExecutor(Runnable work) {
        if (options.getExecutor() == null) work.run();
        else options.getExecutor().execute(work);
    }

    private final class Try extends Listener<A> {
        private final String bearer;
        private Metadata responseHeaders;
        private A response;

        Try(String bearer) {
            this.bearer = bearer;
        }

        @Override
        public void onHeaders(Metadata headers) {
            responseHeaders = headers;
        }

        @Override
        public void onMessage(A message) {
            response = message;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (!status.isOk() && again(Refusal.of(status, trailers))) return;
            if (responseHeaders != null) caller.onHeaders(responseHeaders);
            if (response != null) caller.onMessage(response);
            caller.onClose(status, trailers);
        }

        /** Whether there is another try. */
        private boolean again(Refusal refusal) {
            if (refusal.code() == Status.Code.UNAUTHENTICATED) {
                token.refused(bearer);
                if (askedAgain) return false;
                askedAgain = true;
                attempt();
                return true;
            }
            var wait = refusal.retryAfter().plus(pauses.next()).toNanos();
            var left = options.getDeadline().timeRemaining(TimeUnit.NANOSECONDS);
            if (!repeatable || !Repetition.mendable(refusal) || wait >= left) return false;
            attemptAfter(wait);
            return true;
        }
    }
}
