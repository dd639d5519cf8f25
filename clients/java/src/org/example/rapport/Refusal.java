package org.example.rapport;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the server, or the connection to it, answered instead of a response.
 *
 * @param reason a name of ErrorReason without its prefix; empty where it is not the server that speaks
 * @param fields every field at fault
 * @param info more about the reason, for example interaction_id with REQUEST_ID_REUSED
 * @param retryAfter before which the server does not want the call again; zero where it does not say
 */
public record Refusal(
        Status.Code code, String message, String reason, List<Field> fields, Map<String, String> info,
        Duration retryAfter) {
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    /**
     * A field at fault, and the rule that it broke.
     *
     * @param field path from the request, for example interaction.channel
     * @param reason a name of ErrorReason without its prefix
     * @param description the rule, for people
     */
    public record Field(String field, String reason, String description) {}

    /** Of what a stub threw: a StatusRuntimeException or StatusException. */
    public static Refusal of(Throwable thrown) {
        return of(Status.fromThrowable(thrown), Status.trailersFromThrowable(thrown));
    }

    static Refusal of(Status status, Metadata trailers) {
        var reason = "";
        var fields = List.<Field>of();
        var info = Map.<String, String>of();
        var retryAfter = Duration.ZERO;
        var told = trailers == null || !trailers.containsKey(DETAILS) ? new byte[0] : trailers.get(DETAILS);
        try {
            for (var detail : com.google.rpc.Status.parseFrom(told).getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    var why = detail.unpack(ErrorInfo.class);
                    reason = why.getReason();
                    info = Map.copyOf(why.getMetadataMap());
                } else if (detail.is(BadRequest.class)) {
                    fields = detail.unpack(BadRequest.class).getFieldViolationsList().stream()
                            .map(one -> new Field(one.getField(), one.getReason(), one.getDescription()))
                            .toList();
                } else if (detail.is(RetryInfo.class)) {
                    var delay = detail.unpack(RetryInfo.class).getRetryDelay();
                    retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                }
            }
        } catch (InvalidProtocolBufferException notDetails) {
            // The code tells enough.
        }
        var message = status.getDescription() == null ? "" : status.getDescription();
        return new Refusal(status.getCode(), message, reason, fields, info, retryAfter);
    }

    /** Code, reason and every field at fault, a line each. */
    @Override
    public String toString() {
        var told = fields.stream().map(one -> one.field + " " + one.description + " (" + one.reason + ")");
        return Stream.concat(Stream.of(code + " " + reason + ": " + message), told).collect(Collectors.joining("\n  "));
    }
}
