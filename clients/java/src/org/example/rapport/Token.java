package org.example.rapport;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.regex.Pattern;

/** A token that is asked for when there is none, when it is about to expire, and after the server refused it. */
final class Token {
    private static final Duration LONGEST_MARGIN = Duration.ofMinutes(1);
    private static final Pattern EXPIRES = Pattern.compile("\"exp\"\\s*:\\s*(\\d{1,12})");

    private final TokenFunction give;
    private String token;
    private Instant renewAt;

    Token(TokenFunction give) {
        this.give = give;
    }

    /** Calls that need a new one at the same time ask once. */
    synchronized String get() throws Exception {
        if (token == null || !Instant.now().isBefore(renewAt)) {
            token = give.get();
            renewAt = renewAt(token, Instant.now());
        }
        return token;
    }

    /** The server did not accept this one. Another call may have brought a newer one since. */
    synchronized void refused(String refused) {
        if (refused.equals(token)) token = null;
    }

    /** A while before the token's exp; never, where it does not tell. */
    private static Instant renewAt(String token, Instant now) {
        var parts = token.split("\\.");
        if (parts.length != 3) return Instant.MAX;
        try {
            var claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
            var found = EXPIRES.matcher(claims);
            if (!found.find()) return Instant.MAX;
            var expires = Instant.ofEpochSecond(Long.parseLong(found.group(1)));
            var margin = Duration.between(now, expires).dividedBy(5);
            return expires.minus(margin.compareTo(LONGEST_MARGIN) < 0 ? margin : LONGEST_MARGIN);
        } catch (IllegalArgumentException notOne) {
            return Instant.MAX;
        }
    }
}
