package org.example.rapport;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/** Which calls may be repeated, after which errors, and after how long. */
final class Repetition {
    /** A method whose request has no request id changes nothing if its name begins with one of these. */
    private static final Pattern READS = Pattern.compile(
            "(Brief|Check|Estimate|Explain|Export|Find|Get|List|Preview|Quote|Rank|Read|Review|Suggest|Summarize).*");

    private Repetition() {}

    /** A request that has a request id wherever there is a field for one, and whether its call may be repeated. */
    record Prepared(Message request, boolean repeatable) {}

    static Prepared prepare(String method, Message request) {
        var prepared = request.toBuilder();
        var written = fillIn(prepared);
        var items = request.getDescriptorForType().findFieldByName("requests");
        if (items != null && items.isRepeated() && items.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
            for (var index = 0; index < prepared.getRepeatedFieldCount(items); index++) {
                var item = ((Message) prepared.getRepeatedField(items, index)).toBuilder();
                written |= fillIn(item);
                prepared.setRepeatedField(items, index, item.build());
            }
        }
        return new Prepared(prepared.build(), written || READS.matcher(method).matches());
    }

    /** Whether it is a message with a request id; it has one then. */
    private static boolean fillIn(Message.Builder message) {
        var field = message.getDescriptorForType().findFieldByName("request_id");
        if (field == null) return false;
        if (message.getField(field).equals("")) message.setField(field, uuid7().toString());
        return true;
    }

    /** Whether a call that may be repeated should be. */
    static boolean mendable(Refusal refusal) {
        return switch (refusal.code()) {
            case UNAVAILABLE -> true;
            case RESOURCE_EXHAUSTED -> refusal.reason().equals("RATE_LIMITED");
            case DEADLINE_EXCEEDED -> "unknown".equals(refusal.info().get("outcome"));
            default -> false;
        };
    }

    /** Twice as long each time, half of it by chance: callers refused at once should not be back at once. */
    static final class Pauses {
        private final long longest;
        private long pause;

        Pauses(Duration first, Duration longest) {
            this.pause = first.toNanos();
            this.longest = longest.toNanos();
        }

        Duration next() {
            var next = ThreadLocalRandom.current().nextLong(pause / 2, pause);
            pause = Math.min(2 * pause, longest);
            return Duration.ofNanos(next);
        }
    }

    /** Time-ordered (RFC 9562). */
    static UUID uuid7() {
        var random = UUID.randomUUID();
        var high = System.currentTimeMillis() << 16 | 0x7000 | random.getMostSignificantBits() & 0xfff;
        return new UUID(high, random.getLeastSignificantBits());
    }
}
