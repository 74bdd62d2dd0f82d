package org.tern;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A page of what people did in a record, and of the values that syncs set aside, the newest first. */
public final class AuditLog {
    /** Whose log, or which row's. */
    public static final class Query {
        /** What they did, and what was set aside in their record; null: the replica's user. */
        @Nullable
        public UUID person;
        /** What happened to this row instead, whoever did it. */
        @Nullable
        public UUID row;
        /** Of a page: 1 to 1,000; 0: 100. */
        public int limit;
    }

    /** One entry. */
    public static final class Entry {
        /** Of a value that was set aside: for {@link Replica#reinstate}. */
        public final UUID id;
        public final Instant time;
        /** A stable name, such as DOSE_TAKEN or LATER; see {@code tern/medication/audit.h}. */
        public final String kind;
        /** The act took an earlier one back. */
        public final boolean isUndone;
        /** No act: what lost, and what was kept. */
        public final boolean isSetAside;
        /** Nil: not known. */
        public final UUID actor;
        @Nullable
        public final String actorRole;
        @Nullable
        public final String table;
        public final UUID row;
        /** JSON of an act. */
        @Nullable
        public final String details;
        /** Of the row, which was set aside. */
        @Nullable
        public final String unit;
        /** JSON, column to value. */
        @Nullable
        public final String lost;
        @Nullable
        public final String kept;
        public final Instant lostTime;
        public final Instant keptTime;
        /** What it says to a person; it names nobody and no value. */
        public final String sentence;

        Entry(Unpack out) {
            id = out.id();
            time = Micros.instant(out.big());
            kind = String.valueOf(out.text());
            isUndone = out.flag();
            isSetAside = out.flag();
            actor = out.id();
            actorRole = out.textValue();
            table = out.textValue();
            row = out.id();
            details = out.textValue();
            unit = out.textValue();
            lost = out.textValue();
            kept = out.textValue();
            lostTime = Micros.instant(out.big());
            keptTime = Micros.instant(out.big());
            sentence = String.valueOf(out.text());
        }
    }

    public final List<Entry> entries;
    public final boolean hasMore;
    private final long lastMicros;
    private final UUID last;

    AuditLog(Unpack out) {
        List<Entry> all = new ArrayList<>();
        while (out.flag()) {
            all.add(new Entry(out));
        }
        entries = all;
        hasMore = out.flag();
        lastMicros = out.big();
        last = out.id();
    }

    static Pack behind(@Nullable AuditLog page, Pack into) {
        return page == null ? into.big(0).id(Prescription.NIL) : into.big(page.lastMicros).id(page.last);
    }
}
