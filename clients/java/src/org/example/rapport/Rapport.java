package org.example.rapport;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientInterceptors.CheckedForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusException;
import java.time.Duration;

/** Rapport from Java: stubs over this channel renew their token and repeat what may be repeated. */
public final class Rapport {
    /** How long a call may take with all its repetitions, unless it has a deadline of its own. */
    public static final Duration DEADLINE = Duration.ofSeconds(30);

    static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private Rapport() {}

    /**
     * A channel to be given to stubs. The token is asked for again shortly before its exp, and once for a call that is
     * answered UNAUTHENTICATED.
     */
    public static Channel over(Channel channel, TokenFunction token) {
        return ClientInterceptors.intercept(channel, new Calls(new Token(token)));
    }

    private record Calls(Token token) implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            if (method.getType() == MethodDescriptor.MethodType.UNARY) {
                return new RepeatedCall<>(token, method, options, next);
            }
            return new CheckedForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                protected void checkedStart(Listener<A> listener, Metadata headers) throws StatusException {
                    var bearer = given(token);
                    headers.put(AUTHORIZATION, "Bearer " + bearer);
                    delegate().start(new SimpleForwardingClientCallListener<>(listener) {
                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            if (status.getCode() == Status.Code.UNAUTHENTICATED) token.refused(bearer);
                            super.onClose(status, trailers);
                        }
                    }, headers);
                }
            };
        }
    }

    static String given(Token token) throws StatusException {
        try {
            return token.get();
        } catch (Exception cause) {
            throw Status.UNAUTHENTICATED.withDescription("no token was given").withCause(cause).asException();
        }
    }
}
