package org.tern;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A page of the user's alerts, the newest first. */
public final class Alerts {
    /** In the order of {@code tern_alert_type}. */
    public enum Type {
        CONNECTION_REQUEST, PRESCRIPTION_UPDATE, MISSED_DOSE, URGENT_CHANGE, FAMILY
    }

    private static final Type[] TYPES = Type.values();

    /** One alert. */
    public static final class Alert {
        public final UUID id;
        public final Type type;
        /** The dose, or the version of a prescription; nil: not made by rule. */
        public final UUID about;
        /** In the recipient's language when it was made; tells no name. */
        @Nullable
        public final String title;
        @Nullable
        public final String message;
        /** JSON: patient_id, prescription_id, at, late; or what an app wrote. */
        @Nullable
        public final String data;
        public final Instant created;
        /** It could not be made in time, for want of a connection. */
        public final boolean isLate;
        /** The dose it is about has a record by now. */
        public final boolean isOver;
        public final boolean isRead;
        /** Null: not read. */
        @Nullable
        public final Instant read;

        Alert(Unpack out) {
            id = out.id();
            type = TYPES[out.number()];
            about = out.id();
            title = out.textValue();
            message = out.textValue();
            data = out.textValue();
            created = Micros.instant(out.big());
            isLate = out.flag();
            isOver = out.flag();
            isRead = out.flag();
            long at = out.big();
            read = at == 0 ? null : Micros.instant(at);
        }
    }

    public final List<Alert> alerts;
    private final long createdMicros;
    private final UUID last;

    Alerts(Unpack out) {
        List<Alert> all = new ArrayList<>();
        while (out.flag()) {
            all.add(new Alert(out));
        }
        alerts = all;
        createdMicros = out.big();
        last = out.id();
    }

    /** Behind which alert the next page begins; null for the first one. */
    static Pack behind(@Nullable Alerts page, Pack into) {
        return page == null ? into.big(0).id(Prescription.NIL) : into.big(page.createdMicros).id(page.last);
    }
}
