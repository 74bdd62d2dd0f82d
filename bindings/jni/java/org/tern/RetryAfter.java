package org.tern;

import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;

/** The Retry-After header: seconds, or a date. */
final class RetryAfter {
    private RetryAfter() {
    }

    static long millis(@Nullable String header) {
        if (header == null) {
            return -1;
        }
        String text = header.trim();
        try {
            if (text.matches("[0-9]{1,9}")) {
                return Long.parseLong(text) * 1000;
            }
            Instant then = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
            return Math.max(0, then.toEpochMilli() - System.currentTimeMillis());
        } catch (DateTimeParseException e) {
            return -1;
        }
    }
}
