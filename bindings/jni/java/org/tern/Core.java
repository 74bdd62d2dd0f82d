package org.tern;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The native side of a replica, apart from the object that the app holds, so that one which is forgotten can be cleaned up.
 *
 * <p>All calls go through the gate. What stands on the replica (cursors, syncs, live queries, medication handles) is
 * known here and goes before it does.
 */
final class Core {
    private static final int READERS_KEPT = 4;

    /** What stands on the replica. */
    interface Child {
        /** Asks what runs to end; from any thread, while calls are under way. */
        void stop();

        /** Gives the native side back; no call is under way. */
        void free();
    }

    final Gate gate;
    final StatementCache writer = new StatementCache(sql -> Native.statementPrepare(handle(), sql));
    final List<LiveQuery<?>> live = new CopyOnWriteArrayList<>();
    private final long replica;
    private final long ports;
    private final Set<Child> children = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Deque<ReaderLink> readers = new ArrayDeque<>();
    private volatile Thread writing;

    Core(long replica, long ports, boolean allowsMain) {
        this.gate = new Gate(allowsMain);
        this.replica = replica;
        this.ports = ports;
    }

    long handle() {
        return replica;
    }

    /** One call on the replica's own handle. */
    Unpack call(Call what, @Nullable Pack arguments) {
        gate.enter();
        try {
            return Unpack.of(what.run(replica, arguments == null ? null : arguments.bytes()));
        } finally {
            gate.leave();
        }
    }

    /** A method of {@link Native}. */
    interface Call {
        byte[] run(long handle, @Nullable byte[] arguments);
    }

    void add(Child child) {
        synchronized (children) {
            children.add(child);
        }
    }

    void remove(Child child) {
        synchronized (children) {
            children.remove(child);
        }
    }

    /** Frees a child from outside of a call; once the replica is closed it has taken the child along. */
    void release(Child child) {
        try {
            gate.enterBriefly();
        } catch (TernException e) {
            if (gate.isShut()) {
                return;
            }
            throw e;
        }
        try {
            child.free();
        } finally {
            gate.leave();
        }
    }

    /* ---- Which thread writes ---- */

    void beginsToWrite() {
        writing = Thread.currentThread();
    }

    void endsWriting() {
        writing = null;
    }

    /** What waits for the write lock, or takes it, would wait for itself inside a transaction. */
    void checkIdle() {
        if (writing == Thread.currentThread()) {
            throw TernException.misuse("this thread has a transaction open");
        }
    }

    /* ---- Readers ---- */

    ReaderLink takeReader() {
        synchronized (readers) {
            ReaderLink kept = readers.pollFirst();
            if (kept != null) {
                return kept;
            }
        }
        return new ReaderLink(replica);
    }

    void giveReader(ReaderLink reader) {
        synchronized (readers) {
            if (readers.size() < READERS_KEPT) {
                readers.addFirst(reader);
                return;
            }
        }
        reader.free();
    }

    @Nullable
    <T> T read(Replica.Read<T> body) {
        gate.checkThread();
        Reaper.reap();
        gate.enter();
        try {
            Snapshot snapshot = new Snapshot(this);
            try {
                return body.run(snapshot);
            } finally {
                snapshot.end();
            }
        } finally {
            gate.leave();
        }
    }

    /* ---- Live queries ---- */

    long changes(String table) {
        gate.enterBriefly(); // counters in memory, which have no lock
        try {
            return Unpack.of(Native.replicaChanges(replica, new Pack().text(table).bytes())).big();
        } finally {
            gate.leave();
        }
    }

    /** To be called after anything that may have changed rows, outside of transactions. */
    void changed() {
        for (LiveQuery<?> query : live) {
            query.look();
        }
    }

    /* ---- Closing ---- */

    void close() {
        if (!gate.shut()) {
            return;
        }
        LogLines.enter();
        try {
            free();
        } finally { // whatever happened, nobody waits for it for ever
            gate.finish();
            LogLines.leave();
        }
    }

    private void free() {
        for (Child child : copyOfChildren()) {
            child.stop();
        }
        gate.drain();
        for (Child child : copyOfChildren()) {
            child.free();
        }
        live.clear();
        writer.free();
        synchronized (readers) {
            for (ReaderLink reader : readers) {
                reader.free();
            }
            readers.clear();
        }
        Native.replicaClose(replica, null);
        Native.portsFree(ports);
    }

    private List<Child> copyOfChildren() {
        synchronized (children) {
            return new ArrayList<>(children);
        }
    }
}
