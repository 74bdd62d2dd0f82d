package org.tern;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;

/**
 * The replica: one SQLite file that holds one user's records, what waits to be sent, and where syncing stands.
 *
 * <p>Any thread may use it; writes wait for each other, reads wait for nobody. No call but {@link SyncCall} touches the
 * network. Calls do disk I/O: Android's main thread is refused with MISUSE, but for {@link #watch}, {@link #changes} and
 * {@link #newSync}. One process holds a file at a time.
 */
public final class Replica implements AutoCloseable, Queries {
    /** The body of a transaction. */
    public interface Write {
        void run(Tx tx);
    }

    /** The body of a transaction that gives something. */
    public interface WriteResult<T> {
        @Nullable
        T run(Tx tx);
    }

    /** The body of a read. */
    public interface Read<T> {
        @Nullable
        T run(Snapshot snapshot);
    }

    private final Core core;
    private final Reaper.Watch watch;

    private Replica(Core core) {
        this.core = core;
        this.watch = Reaper.watch(this, core::close);
    }

    Core core() {
        return core;
    }

    /** The version of the native library, such as "0.1.0". */
    public static String version() {
        return String.valueOf(Unpack.of(Native.version(0, null)).text());
    }

    /* ---- Opening and closing ---- */

    /** How a replica is opened. */
    public static final class Options {
        private final String path;
        private Ports ports = new Ports();
        private long busyTimeoutMs;
        @Nullable
        private byte[] schema;
        private UUID user = new UUID(0, 0);
        private boolean mustExist;
        private boolean allowsMain;

        /** @param path file name, such as {@code new File(context.getNoBackupFilesDir(), "tern.db").getPath()} */
        public Options(String path) {
            this.path = path;
        }

        /** The schema document, JSON in UTF-8; without one, an existing file is opened with its own. */
        public Options schema(byte[] document) {
            schema = document.clone();
            return this;
        }

        /** Whose replica it is; without, an existing file is opened as it is. */
        public Options user(UUID owner) {
            user = owner;
            return this;
        }

        /** Fails with NOT_FOUND rather than create. */
        public Options mustExist() {
            mustExist = true;
            return this;
        }

        /** How long opening waits for who else holds the file, and a write for another connection of it; 5 seconds by default. */
        public Options busyTimeout(Duration time) {
            busyTimeoutMs = time.toMillis();
            return this;
        }

        public Options ports(Ports own) {
            ports = own;
            return this;
        }

        /**
         * Lets Android's main thread call, which else is refused with MISUSE, for its calls wait for the disk and for each
         * other. For an app's tests.
         */
        public Options allowMainThread() {
            allowsMain = true;
            return this;
        }

        /** Opens, and creates or upgrades as the document asks. */
        public Replica open() {
            MainThread.check(allowsMain);
            Upcalls.checkNone();
            Reaper.reap();
            long handle = new Upcalls(ports, null).open();
            LogLines.enter();
            try {
                Pack pack = new Pack().text(path).blob(schema).id(user).flag(mustExist).big(busyTimeoutMs);
                long replica = Unpack.handle(Native.replicaOpen(handle, pack.bytes()));
                try {
                    return new Replica(new Core(replica, handle, allowsMain));
                } catch (RuntimeException | Error e) {
                    Native.replicaClose(replica, null);
                    throw e;
                }
            } catch (RuntimeException | Error e) {
                Native.portsFree(handle);
                throw e;
            } finally {
                LogLines.leave();
            }
        }
    }

    /**
     * Closes: stops syncs, waits for the calls of other threads to end, and takes what was left open along. Again does
     * nothing. From inside a call of its own (a transaction's body, say) it fails with MISUSE and closes nothing.
     */
    @Override
    public void close() {
        core.gate.checkThread();
        core.close();
        watch.cancel();
    }

    /* ---- Whose it is, and how it stands ---- */

    public UUID user() {
        return core.call(Native::replicaIds, null).id();
    }

    /** This installation's id; it changes when the server finds that a clone of the file is alive. */
    public UUID device() {
        Unpack out = core.call(Native::replicaIds, null);
        out.id();
        return out.id();
    }

    public ReplicaStatus status() {
        return new ReplicaStatus(core.call(Native::replicaStatus, null));
    }

    /** How often rows of a table changed since the file was opened, by commits and syncs. */
    public long changes(String table) {
        return core.changes(table);
    }

    /**
     * How far back the replica holds the rows of a table: {@link Instant#MIN}, all of them; {@link Instant#MAX}, not known,
     * since no sync has ended well.
     */
    public Instant reach(String table) {
        long since = core.call(Native::replicaReach, new Pack().text(table)).big();
        return since == Long.MIN_VALUE ? Instant.MIN : since == Long.MAX_VALUE ? Instant.MAX : Micros.instant(since);
    }

    /* ---- Writing ---- */

    /** Runs a transaction. What its body throws rolls it back, and is thrown on. */
    public void write(Write body) {
        transact(false, tx -> {
            body.run(tx);
            return null;
        });
    }

    /** As {@link #write}, and gives what the body gives. */
    @Nullable
    public <T> T writeResult(WriteResult<T> body) {
        return transact(false, body).value;
    }

    /**
     * A transaction of guesses: they yield to all that a person recorded.
     *
     * @return how many units yielded
     */
    public long infer(Write body) {
        return transact(true, tx -> {
            body.run(tx);
            return null;
        }).kept;
    }

    /** One statement as a transaction of its own. */
    public void execute(String sql, Object... values) {
        write(tx -> tx.execute(sql, values));
    }

    private static final class Outcome<T> {
        @Nullable
        private final T value;
        private final long kept;

        private Outcome(@Nullable T value, long kept) {
            this.value = value;
            this.kept = kept;
        }
    }

    private <T> Outcome<T> transact(boolean inferred, WriteResult<T> body) {
        core.gate.enter();
        Outcome<T> outcome;
        try {
            Tx tx = new Tx(core, inferred);
            T value;
            try {
                value = body.run(tx);
            } catch (Throwable e) {
                tx.rollback();
                throw e;
            }
            outcome = new Outcome<>(value, tx.commit());
        } finally {
            core.gate.leave();
        }
        core.changed();
        return outcome;
    }

    /* ---- Reading ---- */

    /** Reads what is committed, beside any writer. */
    @Override
    public Cursor query(String sql, Object... values) {
        core.gate.checkThread();
        Reaper.reap();
        core.gate.enter();
        try {
            ReaderLink reader = core.takeReader();
            Rows rows;
            try {
                rows = new Rows(core, reader.statements, reader, sql, values);
            } catch (RuntimeException | Error e) {
                core.giveReader(reader);
                throw e;
            }
            return new Cursor(rows, this);
        } finally {
            core.gate.leave();
        }
    }

    /** Runs several reads on one state of the replica. */
    @Nullable
    public <T> T read(Read<T> body) {
        return core.read(body);
    }

    /**
     * Runs a read now, and again whenever rows of the tables have changed, each time on the executor.
     *
     * <p>Runs follow each other; changes that come close together may be shown as one. The app keeps the query and closes
     * it, and the replica; on Android with {@code ContextCompat.getMainExecutor} as the listener's own hop, not as this
     * executor. A body that reads by its snapshot, and not by the replica, lets a forgotten replica be closed.
     */
    public <T> LiveQuery<T> watch(Set<String> tables, Executor executor, Read<T> body, LiveQuery.Listener<T> listener) {
        LiveQuery<T> query = new LiveQuery<>(core, tables, executor, body, listener);
        core.gate.enterBriefly();
        try {
            query.count(); // a table that is not there is told here
            core.live.add(query);
        } finally {
            core.gate.leave();
        }
        query.look();
        return query;
    }

    /* ---- Syncing ---- */

    /** A sync, to be run once. */
    public SyncCall newSync(HttpTransport http, TokenSource tokens, SyncOptions options) {
        return new SyncCall(this, http, tokens, options);
    }

    /** Syncs with the options as they are by default; blocks. */
    public SyncProgress sync(HttpTransport http, TokenSource tokens) {
        return newSync(http, tokens, new SyncOptions()).run();
    }

    /* ---- The outbox ---- */

    /** The entries of the outbox in the states named; of all without any. */
    public List<OutboxEntry> outbox(OutboxEntry.State... states) {
        int set = 0;
        for (OutboxEntry.State state : states) {
            set |= 1 << state.ordinal();
        }
        Unpack out = core.call(Native::outboxEntries, new Pack().number(set));
        List<OutboxEntry> entries = new ArrayList<>();
        while (out.flag()) {
            entries.add(new OutboxEntry(out));
        }
        return entries;
    }

    /** What an entry changes, for a person to read. */
    public List<OutboxChange> changesOf(long ordinal) {
        Unpack out = core.call(Native::outboxChanges, new Pack().big(ordinal));
        List<OutboxChange> changes = new ArrayList<>();
        while (out.flag()) {
            changes.add(new OutboxChange(out));
        }
        return changes;
    }

    /** Sends a quarantined entry again, with what depends on it; gives the ordinal of the entry that is sent. */
    public long retry(long ordinal) {
        core.checkIdle();
        long sent = core.call(Native::quarantineRetry, new Pack().big(ordinal)).big();
        core.changed();
        return sent;
    }

    /** Gives a quarantined or locked entry up, with what depends on it. */
    public void discard(long ordinal) {
        core.checkIdle();
        core.call(Native::quarantineDiscard, new Pack().big(ordinal));
        core.changed();
    }

    /**
     * Brings the losing value of a row of {@code sync_audit} back, as a change made now by this user. Where a person's
     * act has brought it back already, {@link ErrorCode#EXISTS}, and nothing is queued.
     */
    public void reinstate(UUID audit) {
        core.checkIdle();
        core.call(Native::auditReinstate, new Pack().id(audit));
        core.changed();
    }

    /* ---- Medication ---- */

    /** The medication calls, with the zones of java.time. */
    public Care care() {
        return care(JavaZones.INSTANCE);
    }

    public Care care(Ports.Zones zones) {
        return new Care(this, core, zones);
    }
}
