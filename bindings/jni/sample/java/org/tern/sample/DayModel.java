package org.tern.sample;

import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.tern.Care;
import org.tern.Dose;
import org.tern.DoseStatus;
import org.tern.HttpTransport;
import org.tern.LiveQuery;
import org.tern.Replica;
import org.tern.SyncOptions;
import org.tern.SyncProgress;
import org.tern.TakeOptions;
import org.tern.TernException;
import org.tern.TokenSource;

/**
 * The screen "today" without its views: what an Android ViewModel would hold. Its methods do disk I/O or wait for the
 * network; the app calls them from a thread of its own, for Android's main one is refused; that may call watch.
 */
public final class DayModel implements AutoCloseable {
    /** What the day's list is made of: a change of any of these shows it anew. */
    private static final Set<String> TABLES = Collections.unmodifiableSet(
        new HashSet<>(Arrays.asList("dose_events", "medications", "prescriptions", "users")));

    /** An edit that lost against another, and can be brought back. */
    public static final class Conflict {
        public final UUID audit;
        public final String lost;
        public final String kept;

        Conflict(UUID audit, String lost, String kept) {
            this.audit = audit;
            this.lost = lost;
            this.kept = kept;
        }
    }

    private final Replica replica;
    private final Care care;
    private final HttpTransport http;
    private final TokenSource tokens;
    private volatile boolean isOffline = true;

    public DayModel(Replica replica, HttpTransport http, TokenSource tokens) {
        this.replica = replica;
        this.care = replica.care();
        this.http = http;
        this.tokens = tokens;
    }

    /** The date where the patient lives, whatever the phone's zone. */
    public LocalDate date() {
        return LocalDate.now(ZoneId.of(care.settings().timeZone));
    }

    public List<Dose> today() {
        return care.doses(null, date());
    }

    /** Tells the executor's thread the day's doses now and after each change, by this screen or a sync. */
    public LiveQuery<List<Dose>> watch(Executor executor, LiveQuery.Listener<List<Dose>> listener) {
        return replica.watch(TABLES, executor, snapshot -> today(), listener);
    }

    /** Records a dose; the network has no part in it. */
    public DoseStatus take(UUID dose) {
        return care.take(dose, new TakeOptions().wasOffline(isOffline));
    }

    public void skip(UUID dose, String reason) {
        care.skip(dose, reason, isOffline);
    }

    /** Syncs once, and makes the doses to come of what it brought. */
    public SyncProgress sync() {
        try {
            SyncProgress progress = replica.newSync(http, tokens, new SyncOptions()).run();
            isOffline = false;
            care.generateSchedule(null);
            return progress;
        } catch (TernException e) {
            isOffline = true;
            throw e;
        }
    }

    /** Changes that wait to be sent. */
    public long waiting() {
        return replica.status().pending;
    }

    public List<Conflict> conflicts() {
        return replica.query("SELECT id, lost_values, kept_values FROM sync_audit WHERE deleted_at IS NULL"
            + " AND table_name = 'dose_events' AND unit = 'outcome' ORDER BY created_at DESC, id")
            .list(row -> new Conflict(row.getUuid("id"), row.getString("lost_values"), row.getString("kept_values")));
    }

    /** Brings the value that lost back, as a change made now. */
    public void reinstate(UUID audit) {
        replica.reinstate(audit);
    }

    @Override
    public void close() {
        care.close();
    }
}
